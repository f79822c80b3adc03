//! From drawn pixels to the bytes of a PNG.

use crate::error::{Error, Result};
use crate::theme::PNG_DPI;

/// Averages squares of `factor` by `factor` drawn pixels into pixels of the PNG, `width` of them in
/// a row.
pub(crate) fn average_down(pixels: &[u8], width: usize, factor: usize) -> Vec<u8> {
    let row_bytes = width * factor * 3;
    let mut averaged = Vec::with_capacity(pixels.len() / (factor * factor));
    let mut sums = vec![0_u16; width * 3];
    for rows in pixels.chunks_exact(row_bytes * factor) {
        sums.fill(0);
        for row in rows.chunks_exact(row_bytes) {
            for (sum, block) in sums.chunks_exact_mut(3).zip(row.chunks_exact(factor * 3)) {
                for pixel in block.chunks_exact(3) {
                    sum.iter_mut().zip(pixel).for_each(|(sum, &value)| *sum += u16::from(value));
                }
            }
        }
        let area = (factor * factor) as u16;
        averaged.extend(sums.iter().map(|&sum| ((sum + area / 2) / area) as u8));
    }
    averaged
}

/// Encodes RGB pixels, row by row.
pub(crate) fn encode(pixels: &[u8], width: u32, height: u32) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, width, height);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_compression(png::Compression::Balanced);
    // States the physical size, so that the figure is placed in a document at its true width.
    let per_metre = (PNG_DPI / 0.0254).round() as u32;
    encoder.set_pixel_dims(Some(png::PixelDimensions {
        xppu: per_metre,
        yppu: per_metre,
        unit: png::Unit::Meter,
    }));
    let mut writer = encoder.write_header().map_err(Error::draw)?;
    writer.write_image_data(pixels).map_err(Error::draw)?;
    writer.finish().map_err(Error::draw)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn averaging_keeps_flat_areas_and_blends_edges() {
        let mut pixels = vec![255_u8; 8 * 4 * 3];
        for row in 0..4 {
            pixels[row * 24..row * 24 + 6].fill(0);
        }
        assert_eq!(average_down(&pixels, 2, 4), [128, 128, 128, 255, 255, 255]);
    }
}
