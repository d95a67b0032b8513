//! A drill as a picture: a row for each scenario, what waited on the left and who called on the right.

use super::report::{Drilled, Sample, minutes};
use anyhow::anyhow;
use plotters::coord::Shift;
use plotters::prelude::{
    ChartBuilder, Color, DrawingArea, IntoDrawingArea, IntoFont, LineSeries, PathElement, RGBColor,
    Rectangle, SVGBackend, SeriesLabelPosition, WHITE,
};
use std::time::Duration;

/// Width of the picture and height of a row, in pixels.
const SIZE: (u32, u32) = (1100, 260);
/// The most points of a line: as many as can be told apart.
const POINTS: usize = 100;

const ORANGE: RGBColor = RGBColor(230, 130, 20);
const BLUE: RGBColor = RGBColor(40, 110, 190);
const GREEN: RGBColor = RGBColor(40, 140, 80);
const RED: RGBColor = RGBColor(190, 30, 45);
const GRAY: RGBColor = RGBColor(120, 120, 120);

/// A line of a chart: its name, its color, and its value in each minute.
type Line = (&'static str, RGBColor, Vec<f64>);
type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;

/// Draws them all into one SVG text.
pub fn svg(drilled: &[Drilled]) -> anyhow::Result<String> {
    let mut text = String::new();
    draw(&mut text, drilled).map_err(|error| anyhow!("the chart cannot be drawn: {error}"))?;
    Ok(text)
}

fn draw(text: &mut String, drilled: &[Drilled]) -> Result<(), Box<dyn std::error::Error>> {
    let rows = u32::try_from(drilled.len())?;
    let whole = SVGBackend::with_string(text, (SIZE.0, SIZE.1 * rows)).into_drawing_area();
    whole.fill(&WHITE)?;
    for (row, it) in whole.split_evenly((drilled.len(), 1)).iter().zip(drilled) {
        let (left, right) = row.split_horizontally(SIZE.0 / 2);
        let of = |value: fn(&Sample) -> usize| it.samples.iter().map(move |at| value(at) as f64);
        let name = it.scenario.as_str();
        let lasted = minutes(it.outage.ends - it.outage.begins);
        let end = it.drained.map_or("never drained".to_owned(), |drained| {
            format!("drained {} later", minutes(drained))
        });
        chart(
            &left,
            &format!("{name} out for {lasted}, {end}"),
            it,
            &[
                ("waiting", BLUE, of(|at| at.waiting).collect()),
                ("in flight", GREEN, of(|at| at.in_flight).collect()),
                ("deferred", ORANGE, of(|at| at.deferred).collect()),
                ("dead letters", RED, of(|at| at.dead_letters).collect()),
            ],
        )?;
        let calls = it.calls.by_minute.iter().map(|calls| *calls as f64);
        let title = format!("calls of {name} a minute");
        chart(&right, &title, it, &[("calls", GRAY, calls.collect())])?;
    }
    whole.present()?;
    Ok(())
}

/// One chart, the outage shaded.
fn chart(
    area: &Area<'_>,
    title: &str,
    it: &Drilled,
    lines: &[Line],
) -> Result<(), Box<dyn std::error::Error>> {
    let hours = |duration: Duration| duration.as_secs_f64() / 3600.0;
    let long = hours(it.samples.last().map_or(Duration::ZERO, |last| last.at));
    let values = lines.iter().flat_map(|(_, _, values)| values);
    let high = values.copied().fold(1.0, f64::max) * 1.05;
    let mut chart = ChartBuilder::on(area)
        .caption(title, ("sans-serif", 15).into_font())
        .margin(8)
        .x_label_area_size(32)
        .y_label_area_size(64)
        .build_cartesian_2d(0.0..long, 0.0..high)?;
    chart
        .configure_mesh()
        .max_light_lines(1)
        .light_line_style(WHITE)
        .x_desc("hours")
        .x_label_formatter(&|hours| format!("{hours:.1}"))
        .y_label_formatter(&|count| format!("{count:.0}"))
        .draw()?;
    let (from, to) = (hours(it.outage.begins), hours(it.outage.ends));
    let shade = Rectangle::new([(from, 0.0), (to, high)], RED.mix(0.08).filled());
    chart.draw_series(std::iter::once(shade))?;
    for (name, color, values) in lines {
        let color = *color;
        let points = thinned(values).into_iter();
        let points = points.map(|(minute, value)| (minute as f64 / 60.0, value));
        chart
            .draw_series(LineSeries::new(points, color))?
            .label(*name)
            .legend(move |(x, y)| PathElement::new([(x, y), (x + 14, y)], color));
    }
    if lines.len() > 1 {
        chart
            .configure_series_labels()
            .position(SeriesLabelPosition::UpperRight)
            .background_style(WHITE.mix(0.8))
            .draw()?;
    }
    Ok(())
}

/// The minutes of a line, fewer of them where there are too many to be told apart: of each few the
/// highest.
fn thinned(values: &[f64]) -> Vec<(usize, f64)> {
    let few = values.len().div_ceil(POINTS).max(1);
    let highest = |(place, few_values): (usize, &[f64])| {
        let value = few_values.iter().copied().fold(0.0, f64::max);
        (place * few + 1, value)
    };
    values.chunks(few).enumerate().map(highest).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_line_keeps_its_peaks() {
        let mut values = vec![1.0; 1_000];
        values[777] = 9.0;
        let thin = thinned(&values);
        assert!(thin.len() <= POINTS && thin.len() > POINTS / 2);
        assert!(thin.iter().any(|(_, value)| *value > 8.9));
        let (last, _) = thin[thin.len() - 1];
        assert!((990..=1_000).contains(&last));
        assert_eq!(thinned(&[3.0, 4.0]), [(1, 3.0), (2, 4.0)]);
    }
}
