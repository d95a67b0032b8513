//! Chance that comes out the same each time.

/// Numbers that follow from a seed and from what they are for, and look like chance.
#[derive(Clone, Copy, Debug)]
pub struct Dice(u64);

impl Dice {
    /// The dice of this seed.
    pub fn new(seed: u64) -> Self {
        Self(mixed(seed))
    }

    /// Other dice, for another purpose.
    pub fn of(self, purpose: u64) -> Self {
        Self(mixed(self.0 ^ mixed(purpose.wrapping_add(1))))
    }

    /// The number of this throw.
    pub fn number(self, throw: u64) -> u64 {
        self.of(throw).0
    }

    /// The same, evenly from 0 up to 1.
    pub fn fraction(self, throw: u64) -> f64 {
        // The upper 53 bits, which a float holds exactly.
        (self.number(throw) >> 11) as f64 / (1_u64 << 53) as f64
    }
}

/// The finalizer of SplitMix64.
fn mixed(number: u64) -> u64 {
    let mut z = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_throw_is_the_same_each_time_and_throws_are_spread_evenly() {
        let dice = Dice::new(7).of(3);
        assert_eq!(dice.number(9), Dice::new(7).of(3).number(9));
        let mut buckets = [0_u32; 10];
        for throw in 0..10_000 {
            let fraction = dice.fraction(throw);
            assert!((0.0..1.0).contains(&fraction));
            buckets[(fraction * 10.0) as usize] += 1;
        }
        assert!(
            buckets.iter().all(|count| (900..1100).contains(count)),
            "{buckets:?}"
        );
        assert_ne!(dice.number(0), Dice::new(8).of(3).number(0));
    }
}
