/// The candidate that somebody who wrote `word` most likely meant, if any is near enough.
pub(super) fn nearest<'c>(
    word: &str,
    candidates: impl IntoIterator<Item = &'c str>,
) -> Option<&'c str> {
    let near = |candidate: &str| word.chars().count().max(candidate.chars().count()) / 3;
    candidates
        .into_iter()
        .map(|candidate| (distance(word, candidate), candidate))
        .filter(|(distance, candidate)| *distance <= near(candidate))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// How many characters must be added, taken away, replaced or swapped with their neighbor to make
/// one word of the other.
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut steps = vec![vec![0; b.len() + 1]; a.len() + 1];
    for i in 0..=a.len() {
        for j in 0..=b.len() {
            steps[i][j] = match (i, j) {
                (0, _) | (_, 0) => i + j,
                _ => {
                    let replaced = steps[i - 1][j - 1] + usize::from(a[i - 1] != b[j - 1]);
                    let changed = replaced.min(steps[i - 1][j] + 1).min(steps[i][j - 1] + 1);
                    let swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
                    if swapped {
                        changed.min(steps[i - 2][j - 2] + 1)
                    } else {
                        changed
                    }
                }
            };
        }
    }
    steps[a.len()][b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_distance_counts_single_characters() {
        for (a, b, expected) in [
            ("", "", 0),
            ("", "abc", 3),
            ("domain", "domains", 1),
            ("kitten", "sitting", 3),
            ("form", "from", 1),
            ("rôle", "role", 1),
        ] {
            assert_eq!(distance(a, b), expected, "{a} {b}");
            assert_eq!(distance(b, a), expected, "{b} {a}");
        }
    }

    #[test]
    fn the_nearest_word_is_offered_and_a_far_one_is_not() {
        let keys = ["allowed_domains", "blocked_domains", "role"];
        assert_eq!(nearest("allowed_domain", keys), Some("allowed_domains"));
        assert_eq!(nearest("bloked_domains", keys), Some("blocked_domains"));
        assert_eq!(nearest("rolle", keys), Some("role"));
        assert_eq!(nearest("colour", keys), None);
        assert_eq!(nearest("x", keys), None);
        assert_eq!(nearest("role", []), None);
    }
}
