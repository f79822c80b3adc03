//! What holds for every figure.

use plots::{Figure, Format};
use std::io::Cursor;

/// Renders both formats, checks what every file must be, and hands back the SVG's texts.
pub fn check(figure: &dyn Figure) -> Vec<String> {
    let bytes = figure.render(Format::Png).expect("the figure can be drawn");
    let mut reader = png::Decoder::new(Cursor::new(&bytes)).read_info().unwrap();
    let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
    let frame = reader.next_frame(&mut pixels).unwrap();
    assert_eq!((frame.width, frame.height), figure.size().pixels());
    assert!(pixels.iter().any(|&channel| channel < 100), "the figure is blank");
    let edge = frame.line_size;
    assert!(
        pixels[..edge].iter().chain(&pixels[pixels.len() - edge..]).all(|&channel| channel == 255),
        "drawn over the edge"
    );

    check_svg(figure)
}

/// Renders an SVG only, which is much faster, and hands back its texts.
pub fn check_svg(figure: &dyn Figure) -> Vec<String> {
    let svg = String::from_utf8(figure.render(Format::Svg).unwrap()).unwrap();
    assert_eq!(
        svg.as_bytes(),
        figure.render(Format::Svg).unwrap(),
        "the same figure must give the same bytes"
    );
    assert!(!svg.contains("NaN") && !svg.contains("inf\""), "a coordinate is not a number");
    let document = roxmltree::Document::parse(&svg).unwrap();
    assert_eq!(
        document.root_element().attribute("width"),
        Some(format!("{:.2}pt", figure.size().width).as_str())
    );
    let texts = document
        .descendants()
        .filter(|node| node.has_tag_name("text"))
        .filter_map(|node| node.text());
    texts.map(|text| text.trim().to_owned()).collect()
}

/// Every one of these texts is in the figure.
pub fn assert_says(texts: &[String], expected: &[&str]) {
    for text in expected {
        assert!(texts.iter().any(|found| found == text), "\"{text}\" is missing in {texts:?}");
    }
}

/// Names of one's own.
pub fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(|&name| name.to_owned()).collect()
}

/// Why a figure cannot be drawn, which both formats agree on.
pub fn message(figure: &dyn Figure) -> String {
    let message = figure.render(Format::Svg).unwrap_err().to_string();
    assert_eq!(figure.render(Format::Png).unwrap_err().to_string(), message);
    message
}

/// Where a text lies, in points.
#[derive(Debug)]
struct TextBox {
    text: String,
    left: f64,
    right: f64,
    top: f64,
    bottom: f64,
}

impl TextBox {
    /// Reads a node of an SVG. Letters are counted as a little narrower than they mostly are, and
    /// as high as digits.
    fn of(node: roxmltree::Node<'_, '_>) -> Self {
        let number = |name: &str| node.attribute(name).unwrap().parse::<f64>().unwrap() / 20.0;
        let text = node.text().unwrap_or_default().trim().to_owned();
        let size = number("font-size") / 1.24;
        let (x, y, length) = (number("x"), number("y"), text.chars().count() as f64 * 0.45 * size);
        let before = match node.attribute("text-anchor") {
            Some("end") => length,
            Some("middle") => length / 2.0,
            _ => 0.0,
        };
        // The baseline is 0.76 em of the attribute's size below the point.
        let (upper, lower) = (0.76 * size * 1.24 - 0.7 * size, 0.76 * size * 1.24);
        if node.attribute("transform").is_some() {
            let bottom = y + before;
            Self { text, left: x + upper, right: x + lower, top: bottom - length, bottom }
        } else {
            let left = x - before;
            Self { text, left, right: left + length, top: y + upper, bottom: y + lower }
        }
    }

    fn overlaps(&self, other: &Self) -> bool {
        self.left < other.right
            && other.left < self.right
            && self.top < other.bottom
            && other.top < self.bottom
    }
}

/// No two texts lie on one another, and none leaves the page.
pub fn assert_apart(figure: &dyn Figure) {
    let svg = String::from_utf8(figure.render(Format::Svg).unwrap()).unwrap();
    let document = roxmltree::Document::parse(&svg).unwrap();
    let texts = document.descendants().filter(|node| node.has_tag_name("text"));
    let boxes: Vec<TextBox> = texts.map(TextBox::of).collect();
    let size = figure.size();
    for (i, one) in boxes.iter().enumerate() {
        assert!(
            one.left >= 0.0
                && one.right <= size.width
                && one.top >= 0.0
                && one.bottom <= size.height,
            "\"{}\" leaves the page of {size:?}: {one:?}",
            one.text
        );
        for other in &boxes[i + 1..] {
            assert!(!one.overlaps(other), "\"{}\" and \"{}\" overlap", one.text, other.text);
        }
    }
}
