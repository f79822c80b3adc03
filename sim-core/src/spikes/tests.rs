use super::*;

#[test]
fn a_constant_of_too_many_entries_is_refused() {
    for (values, steps) in [(&[1.0][..], 1 << 32), (&[1.0; 8][..], 1 << 29), (&[0.0], usize::MAX)] {
        let refused = SpikeFrames::constant(values, steps).unwrap_err().to_string();
        assert!(refused.contains("must be few enough"), "{refused}");
    }
}

#[test]
fn a_constant_has_the_entries_of_its_values_in_every_step() {
    let constant = SpikeFrames::constant(&[0.0, -0.5, 2.0], 3).unwrap();
    let every = [0.0, 0.0, 0.0, -0.5, -0.5, -0.5, 2.0, 2.0, 2.0];
    let mut values = SpikeFrames::from_values(3, 3, &every).unwrap();
    assert!(constant.repeats() && !values.repeats());
    for channel in 0..3 {
        assert_eq!(constant.channel(channel), values.channel(channel));
    }
    values.refill_constant(&[1.0], 2).unwrap();
    values.refill_ordered(3, 3, &[(1, 2)]).unwrap();
    assert!(!values.repeats());
}

#[test]
fn values_that_are_no_numbers_are_named() {
    let error = SpikeFrames::from_values(1, 2, &[0.0, f32::NAN]).unwrap_err();
    assert_eq!(error.to_string(), "value 1 of a sample is NaN, but must be a finite number");
    let error = SpikeFrames::from_values(2, 2, &[0.0; 3]).unwrap_err();
    assert_eq!(error.to_string(), "values of a sample has length 3, but must have 4");
    assert!(SpikeFrames::constant(&[f32::INFINITY], 4).is_err());
}

#[test]
fn coinciding_events_add_up_in_channel_order() {
    let frames = SpikeFrames::from_events(3, 4, &[(2, 1), (0, 3), (2, 1), (0, 0)]).unwrap();
    assert_eq!(frames.channel(0), (&[0, 3][..], &[1.0, 1.0][..]));
    assert_eq!(frames.channel(1), (&[][..], &[][..]));
    assert_eq!(frames.channel(2), (&[1][..], &[2.0][..]));
}

#[test]
fn steps_hold_their_spikes_by_ascending_channel() {
    let trains =
        SpikeFrames::from_events(3, 3, &[(2, 1), (0, 1), (2, 1), (0, 0)]).unwrap().by_step();
    let spike = |neuron, count| Spike { neuron, count };
    assert_eq!(trains, [vec![spike(0, 1.0)], vec![spike(0, 1.0), spike(2, 2.0)], vec![]]);
}

#[test]
fn frames_that_are_cut_off_hold_what_came_before() {
    let events = [(0, 0), (0, 3), (1, 4), (3, 2), (3, 3), (3, 3), (3, 5)];
    for steps in 0..8 {
        let mut cut = SpikeFrames::from_events(4, 6, &events).unwrap();
        cut.truncate(steps);
        let before: Vec<_> =
            events.into_iter().filter(|&(_, step)| (step as usize) < steps).collect();
        assert_eq!(cut, SpikeFrames::from_events(4, steps.min(6), &before).unwrap());
    }
    let mut image = SpikeFrames::constant(&[0.5, 0.0, 2.0], 4).unwrap();
    image.truncate(2);
    assert_eq!(image, SpikeFrames::constant(&[0.5, 0.0, 2.0], 2).unwrap());
}

#[test]
fn an_event_outside_is_named() {
    let error = SpikeFrames::from_events(3, 4, &[(0, 0), (3, 1)]).unwrap_err();
    assert_eq!(error.to_string(), "channel of event 1 is 3, but must be below 3");
}

#[test]
fn ordered_events_give_the_same_frames() {
    use rand::RngExt;
    let mut rng = crate::random::Seed(1).stream(crate::random::Purpose::SpikeSource, 0, 0);
    let mut reused = SpikeFrames::default();
    for round in 0..200 {
        let (channels, steps) = (1 + round % 7, 1 + round % 11);
        let draw = |_| (rng.random_range(0..channels as u32), rng.random_range(0..steps as u32));
        let mut events: Vec<_> = (0..round).map(draw).collect();
        events.sort_by_key(|&(_, step)| step);
        let expected = SpikeFrames::from_events(channels, steps, &events).unwrap();
        for frames in [&mut SpikeFrames::default(), &mut reused] {
            frames.refill_ordered(channels, steps, &events).unwrap();
            assert_eq!(frames, &expected);
        }
    }
    reused.refill_ordered(0, 1, &[]).unwrap();
    assert!(reused.is_empty());
}

#[test]
fn events_out_of_order_are_named() {
    let message = |events: &[(u32, u32)]| {
        SpikeFrames::default().refill_ordered(3, 4, events).unwrap_err().to_string()
    };
    assert_eq!(message(&[(0, 2), (1, 1)]), "step of event 1 is 1, but must be in 2..4");
    assert_eq!(message(&[(0, 4)]), "step of event 0 is 4, but must be in 0..4");
    assert_eq!(message(&[(3, 0)]), "channel of event 0 is 3, but must be below 3");
}
