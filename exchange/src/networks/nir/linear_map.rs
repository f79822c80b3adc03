//! Sparse linear maps with delays: what lies between two populations of a graph.

use crate::networks::nir::graph::Matrix;
use sim_core::Synapse;

/// `y_post(t) = sum of weight x_pre(t - delay_steps)`. The terms are in the order of `post`, `pre`
/// and delay, each of them once.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct LinearMap {
    terms: Vec<Synapse>,
}

impl LinearMap {
    /// `y = x` of `size` numbers.
    pub fn identity(size: usize) -> Self {
        let own = |n| Synapse { pre: n, post: n, weight: 1.0, delay_steps: 0 };
        Self { terms: (0..size as u32).map(own).collect() }
    }

    pub fn into_terms(self) -> Vec<Synapse> {
        self.terms
    }

    pub fn terms(&self) -> &[Synapse] {
        &self.terms
    }

    /// The map, then `W`; none where it would have more than `most` terms, or take a hundred times
    /// as many products.
    pub fn then_matrix(&self, matrix: &Matrix, most: usize) -> Option<Self> {
        let starts = self.starts(matrix.columns);
        let (mut terms, mut products) = (Vec::new(), 0_usize);
        for row in 0..matrix.rows {
            let first = terms.len();
            for (column, &weight) in matrix.row(row).iter().enumerate() {
                if weight == 0.0 {
                    continue;
                }
                let own = &self.terms[starts[column]..starts[column + 1]];
                products = products.saturating_add(own.len());
                if products > most.saturating_mul(100) || terms.len() + own.len() > most {
                    return None;
                }
                terms.extend(own.iter().map(|term| Synapse {
                    post: row as u32,
                    weight: weight * term.weight,
                    ..*term
                }));
            }
            merge_from(&mut terms, first);
        }
        Some(Self { terms })
    }

    /// The map, then one factor per number.
    pub fn then_scale(mut self, scale: &[f64]) -> Self {
        self.terms.iter_mut().for_each(|term| term.weight *= scale[term.post as usize]);
        self.terms.retain(|term| term.weight != 0.0);
        self
    }

    /// The map, then one delay per number; none where delays are too long to be counted.
    pub fn then_delay(mut self, delays: &[u32]) -> Option<Self> {
        for term in &mut self.terms {
            term.delay_steps = term.delay_steps.checked_add(delays[term.post as usize])?;
        }
        Some(self)
    }

    /// The sum of both maps.
    pub fn plus(mut self, other: &Self) -> Self {
        self.terms.extend(&other.terms);
        merge_from(&mut self.terms, 0);
        self
    }

    /// The map whose terms without delay have one of one step.
    pub fn with_one_step(mut self) -> Self {
        self.terms.iter_mut().for_each(|term| term.delay_steps = term.delay_steps.max(1));
        merge_from(&mut self.terms, 0);
        self
    }

    /// Where the terms of each of `posts` numbers start, and where the last ones end.
    fn starts(&self, posts: usize) -> Vec<usize> {
        let mut starts = vec![0; posts + 1];
        self.terms.iter().for_each(|term| starts[term.post as usize + 1] += 1);
        (0..posts).for_each(|post| starts[post + 1] += starts[post]);
        starts
    }
}

/// Sorts the terms behind `first` and adds up those that share neurons and delay.
fn merge_from(terms: &mut Vec<Synapse>, first: usize) {
    let place = |term: &Synapse| (term.post, term.pre, term.delay_steps);
    terms[first..].sort_by_key(place);
    let mut kept = first;
    for index in first..terms.len() {
        if kept > first && place(&terms[kept - 1]) == place(&terms[index]) {
            terms[kept - 1].weight += terms[index].weight;
        } else {
            terms[kept] = terms[index];
            kept += 1;
        }
    }
    terms.truncate(kept);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matrix(rows: usize, columns: usize, values: &[f64]) -> Matrix {
        Matrix { rows, columns, values: values.into() }
    }

    #[test]
    fn paths_multiply_delays_add_up_and_equal_terms_become_one() {
        let spread = matrix(3, 2, &[1.0, 0.0, 0.0, 2.0, 1.0, 0.0]);
        let map = LinearMap::identity(2).then_matrix(&spread, 3).unwrap();
        let map = map.then_delay(&[1, 2, 1]).unwrap();
        let map = map.then_matrix(&matrix(1, 3, &[3.0, 5.0, 7.0]), 3).unwrap();
        let term = |pre, weight, delay_steps| Synapse { pre, post: 0, weight, delay_steps };
        assert_eq!(map.terms(), [term(0, 10.0, 1), term(1, 10.0, 2)]);
        let twice = map.clone().plus(&map).then_scale(&[0.5]);
        assert_eq!(twice, map);
        assert!(map.clone().then_scale(&[0.0]).terms().is_empty());
        assert!(map.clone().then_delay(&[u32::MAX]).is_none());
        assert!(map.then_matrix(&matrix(2, 1, &[1.0, 1.0]), 3).is_none());
    }

    #[test]
    fn only_terms_without_delay_get_the_step_of_a_cycle() {
        let map = LinearMap::identity(2).then_delay(&[0, 3]).unwrap().with_one_step();
        assert_eq!(map.terms().iter().map(|term| term.delay_steps).collect::<Vec<_>>(), [1, 3]);
        let both = LinearMap::identity(1);
        let both = both.clone().plus(&both.then_delay(&[1]).unwrap()).with_one_step();
        assert_eq!(both.into_terms(), [Synapse { pre: 0, post: 0, weight: 2.0, delay_steps: 1 }]);
    }
}
