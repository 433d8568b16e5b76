//! The table that is printed.

use std::fmt;

/// A number that is better when it is small, by its samples.
#[derive(Debug)]
struct Line {
    what: String,
    aim: String,
    unit: &'static str,
    samples: Vec<f64>,
}

/// Lines of measures, in the order in which they were taken.
#[derive(Debug, Default)]
pub(crate) struct Table(Vec<Line>);

impl Table {
    /// Adds the samples of one measure, and shows it at once on the error output.
    pub(crate) fn add(&mut self, what: impl Into<String>, aim: &str, unit: &'static str, samples: Vec<f64>) {
        let line = Line {
            what: what.into(),
            aim: aim.to_owned(),
            unit,
            samples,
        };
        eprintln!("{line}");
        self.0.push(line);
    }
}

/// The sample below which a share of all samples lies.
pub(crate) fn quantile(samples: &[f64], share: f64) -> f64 {
    let mut sorted = samples.to_vec();
    sorted.sort_by(f64::total_cmp);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "an index of a short list"
    )]
    let index = ((sorted.len().saturating_sub(1)) as f64 * share).round() as usize;
    sorted.get(index).copied().unwrap_or(f64::NAN)
}

impl fmt::Display for Line {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            what,
            aim,
            unit,
            samples,
        } = self;
        let (low, middle, high) = (
            quantile(samples, 0.0),
            quantile(samples, 0.5),
            quantile(samples, 1.0),
        );
        let spread = if samples.len() > 1 {
            format!("{low:.2} to {high:.2}")
        } else {
            String::new()
        };
        let count = samples.len();
        write!(
            formatter,
            "| {what} | {aim} | {middle:.2} {unit} | {spread} | {count} |"
        )
    }
}

impl fmt::Display for Table {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(formatter, "| measure | aim | median | min to max | samples |")?;
        writeln!(formatter, "| --- | --- | --- | --- | --- |")?;
        self.0.iter().try_for_each(|line| writeln!(formatter, "{line}"))
    }
}
