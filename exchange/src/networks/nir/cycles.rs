//! Cycles without a `Delay`: one step, since no spike arrives in the step in which it is fired.

use crate::networks::nir::connections::Connection;

/// Which connections close a cycle of connections without delay. All ways are followed from
/// `starts` on, in the order of the connections; a connection closes a cycle where it leads back to
/// a population that its way has come through. Without these connections there is no such cycle.
pub(super) fn closing(connections: &[Connection], nodes: usize, starts: &[usize]) -> Vec<bool> {
    let mut leaving: Vec<Vec<usize>> = vec![Vec::new(); nodes];
    for (index, own) in connections.iter().enumerate() {
        if own.map.terms().iter().any(|term| term.delay_steps == 0) {
            leaving[own.source].push(index);
        }
    }
    let mut closes = vec![false; connections.len()];
    let (mut is_on_way, mut is_done) = (vec![false; nodes], vec![false; nodes]);
    for &start in starts {
        if is_done[start] {
            continue;
        }
        // Nodes of the way, each with the number of its connections that were followed.
        let mut way = vec![(start, 0)];
        is_on_way[start] = true;
        while let Some((node, followed)) = way.last_mut() {
            let Some(&connection) = leaving[*node].get(*followed) else {
                is_on_way[*node] = false;
                is_done[*node] = true;
                way.pop();
                continue;
            };
            *followed += 1;
            let target = connections[connection].target;
            if is_on_way[target] {
                closes[connection] = true;
            } else if !is_done[target] {
                is_on_way[target] = true;
                way.push((target, 0));
            }
        }
    }
    closes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::networks::nir::linear_map::LinearMap;

    fn joined(source: usize, target: usize, delay: u32) -> Connection {
        let map = LinearMap::identity(1).then_delay(&[delay]).unwrap();
        Connection { source, target, last: source, map }
    }

    #[test]
    fn the_way_back_closes_the_cycle() {
        let there = [joined(0, 1, 0), joined(1, 2, 0), joined(2, 1, 0), joined(2, 2, 0)];
        assert_eq!(closing(&there, 3, &[0, 1, 2]), [false, false, true, true]);
        let back = [joined(2, 1, 0), joined(1, 2, 0), joined(0, 2, 0)];
        assert_eq!(closing(&back, 3, &[0, 1, 2]), [false, true, false]);
        let delayed = [joined(0, 1, 0), joined(1, 2, 0), joined(2, 1, 1), joined(2, 2, 3)];
        assert_eq!(closing(&delayed, 3, &[0, 1, 2]), [false; 4]);
    }

    #[test]
    fn long_chains_do_not_need_a_long_stack() {
        let chain: Vec<_> = (0..100_000).map(|n| joined(n, (n + 1) % 100_000, 0)).collect();
        let closes = closing(&chain, 100_000, &[0]);
        assert_eq!(closes.iter().position(|own| *own), Some(99_999));
    }
}
