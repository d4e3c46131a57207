//! The report for people. Everything shown here is in `--json` too.

use super::name::visible;
use super::report::{
    Anchor, Attempt, Chain, Check, PathShown, Purpose, Recommendation, Report, RootShown, Shown, Source,
    SourceKind,
};
use crate::finding::Finding;

/// The report, line by line.
pub(super) fn render(report: &Report) -> String {
    let mut text = Text::default();
    for source in &report.sources {
        text.source(source);
        text.blank();
    }
    if let Some(check) = &report.check {
        text.check(check);
        text.blank();
    }
    if let Some(recommendation) = &report.recommendation {
        text.recommendation(recommendation);
        text.blank();
    }
    if !report.findings.is_empty() {
        text.findings(&report.findings);
        text.blank();
    }
    let at = text.out.trim_end().len();
    text.out.truncate(at);
    text.out.push('\n');
    text.out
}

/// Columns of a line.
const WIDTH: usize = 100;
/// Where a row's value begins.
const COLUMN: usize = 16;

#[derive(Default)]
struct Text {
    out: String,
}

impl Text {
    /// One line. Names in certificates end up here, and must not steer the terminal.
    fn push(&mut self, line: &str) {
        self.out.push_str(&visible(line.trim_end()));
        self.out.push('\n');
    }

    fn blank(&mut self) {
        self.out.push('\n');
    }

    /// What it is, and its value, which may take several lines.
    fn row(&mut self, name: &str, value: &str) {
        let mut start = format!("  {name}");
        for line in wrapped(value, WIDTH - COLUMN) {
            self.push(&format!("{start:<COLUMN$}{line}"));
            start.clear();
        }
    }

    fn source(&mut self, source: &Source) {
        let kind = match source.kind {
            SourceKind::Host => "HOST",
            SourceKind::File => "FILE",
        };
        self.push(&format!("{kind}  {}: {}", source.name, source.what));
        self.attempts(&source.attempts);
        for (place, chain) in source.chains.iter().enumerate() {
            if source.kind == SourceKind::Host && source.chains.len() > 1 {
                self.push(&format!("  chain {}", place + 1));
            }
            self.chain(chain);
        }
        if let Some(embedded) = &source.embedded {
            self.row("embedded", &embedded.sentence);
        }
        self.findings(&source.findings);
    }

    /// One line where all went the same way, else one for each.
    fn attempts(&mut self, attempts: &[Attempt]) {
        for attempt in attempts {
            let outcome = match (attempt.chain, attempt.version, &attempt.failure) {
                (Some(chain), Some(version), _) => format!("chain {chain}, {version}"),
                (Some(chain), None, Some(failure)) => format!("chain {chain}, then: {failure}"),
                (_, _, Some(failure)) => failure.clone(),
                (None, Some(version), None) => format!("{version}, without certificates"),
                (chain, None, None) => format!("chain {}", chain.unwrap_or_default()),
            };
            let sni = if attempt.server_name == "right" {
                String::new()
            } else {
                format!(" (server name {})", attempt.server_name)
            };
            self.row(attempt.client, &format!("{outcome}{sni}"));
        }
    }

    fn chain(&mut self, chain: &Chain) {
        for (place, one) in chain.certificates.iter().enumerate() {
            self.certificate(place + 1, one);
        }
        if !chain.paths.is_empty() {
            self.push("  paths");
            self.tree(&chain.paths);
        }
    }

    fn certificate(&mut self, number: usize, one: &Shown) {
        let role = one.role.map_or("trust anchor", |role| role.words());
        self.push(&format!("  {number} {role}: {}", one.name));
        let row = |text: &mut Self, value: &str| text.row("", value);
        let Some(details) = &one.details else {
            row(self, &format!("{}, {} octets as name and key", one.key, one.anchor_octets));
            row(self, &format!("embed: {}", one.advice));
            return;
        };
        if !details.server_names.is_empty() {
            row(self, &format!("for {}", shortened(&details.server_names)));
        }
        row(self, &format!("{}, signed with {} by {}", one.key, details.signature, details.issuer));
        let left = match details.days_left {
            0.. => format!("{} days left", details.days_left),
            _ => format!("{} days ago", -details.days_left),
        };
        row(
            self,
            &format!(
                "{} to {}, {left}; {} octets, {} as name and key",
                details.not_before, details.not_after, details.octets, one.anchor_octets
            ),
        );
        row(self, &format!("SHA-256 {}", details.sha256));
        row(self, &format!("embed: {}", one.advice));
    }

    /// Paths that begin alike share a stem.
    fn tree(&mut self, paths: &[PathShown]) {
        let mut before: &[String] = &[];
        for (place, path) in paths.iter().enumerate() {
            let names = &path.names;
            let shared = names.iter().zip(before).take_while(|(one, other)| one == other).count();
            // The last name is the root's, and each path has its own.
            let shared = shared.min(names.len().saturating_sub(1));
            // Whether another branch follows at this depth, under the same stem.
            let goes_on = |depth: usize| {
                let mut later = paths.iter().skip(place + 1);
                later.any(|later| {
                    later.names.len() > depth
                        && later.names[..depth] == names[..depth]
                        && later.names[depth] != names[depth]
                })
            };
            for (depth, name) in names.iter().enumerate().skip(shared) {
                let mut stem: String =
                    (1..depth).map(|depth| if goes_on(depth) { "│  " } else { "   " }).collect();
                if depth > 0 {
                    stem.push_str(if goes_on(depth) { "├─ " } else { "└─ " });
                }
                let behind =
                    if depth + 1 == names.len() { format!("  {}", note(path)) } else { String::new() };
                self.push(&format!("    {stem}{name}{behind}"));
            }
            before = names;
        }
    }

    fn recommendation(&mut self, recommendation: &Recommendation) {
        self.push("EMBED");
        for anchor in recommendation.anchors.iter().filter(|anchor| anchor.purpose != Purpose::Provider) {
            self.anchor(anchor);
        }
        if let Some(provider) = &recommendation.provider {
            let others = recommendation.anchors.iter().filter(|anchor| anchor.purpose == Purpose::Provider);
            let others: Vec<&Anchor> = others.collect();
            if !others.is_empty() {
                self.push(&format!("  and the other roots that {provider} may move to:"));
            }
            for anchor in others {
                self.other_root(anchor);
            }
            if let Some(advice) = &recommendation.provider_advice {
                self.row("provider", advice);
            }
        }
        self.row("until", &recommendation.sentence);
    }

    /// A root that nothing needs today, in short: `--json` has the rest.
    fn other_root(&mut self, anchor: &Anchor) {
        let Anchor { name, key, not_after, anchor_octets, .. } = anchor;
        let mut line =
            format!("    {name}: {key}, {anchor_octets} octets as name and key, until {not_after}");
        if let Some(end) = anchor.ends_earlier.first() {
            line.push_str(&format!(" ({} {})", end.by, end.on));
        }
        self.push(&line);
    }

    fn anchor(&mut self, anchor: &Anchor) {
        let cost = match anchor.instructions {
            Some(instructions) => format!(
                "{}.{:02} M instructions a signature",
                instructions / 1_000_000,
                instructions / 10_000 % 100
            ),
            None => "a kind of key that picopost does not verify with".to_owned(),
        };
        self.push(&format!("  {}", anchor.name));
        let mut until = format!("until {}", anchor.not_after);
        for end in &anchor.ends_earlier {
            let due = if end.scheduled { "is due to end" } else { "ends" };
            until.push_str(&format!("; {} {due} its trust for servers on {}", end.by, end.on));
        }
        self.row("", &until);
        self.row(
            "",
            &format!(
                "{}, {cost}; {} octets, {} as name and key",
                anchor.key, anchor.octets, anchor.anchor_octets
            ),
        );
        self.row("", &format!("SHA-256 {}", anchor.sha256));
        if !anchor.for_sources.is_empty() {
            self.row("", &format!("verifies {}", anchor.for_sources.join(", ")));
        }
    }

    fn check(&mut self, check: &Check) {
        let count = check.anchors.len();
        self.push(&format!(
            "CHECK  {}: {count} trust anchor{}",
            check.file,
            if count == 1 { "" } else { "s" }
        ));
        for anchor in &check.anchors {
            self.row("anchor", &format!("{}, {}", anchor.name, anchor.key));
        }
        for host in &check.hosts {
            let verdict = if host.verified { "verified by" } else { "not verified:" };
            self.row(
                if host.verified { "good" } else { "bad" },
                &format!("{} {verdict} {}", host.name, host.by),
            );
        }
        if let Some(until) = &check.until {
            self.row("until", until);
        }
    }

    fn findings(&mut self, findings: &[Finding]) {
        for finding in findings {
            // What follows from another finding stands under it.
            let indent = if finding.depends_on.is_some() { "    " } else { "  " };
            for (place, line) in
                wrapped(&format!("{}: {}", finding.severity.name(), finding.title), WIDTH - 6)
                    .iter()
                    .enumerate()
            {
                self.push(&format!("{indent}{}{line}", if place == 0 { "" } else { "  " }));
            }
            if let Some(hint) = &finding.hint {
                for line in wrapped(&format!("hint: {hint}"), WIDTH - 6) {
                    self.push(&format!("{indent}  {line}"));
                }
            }
        }
    }
}

/// What stands behind a path's last name.
fn note(path: &PathShown) -> String {
    let root = match path.root {
        RootShown::Mozilla => "a root of Mozilla's",
        RootShown::Given => "a root of yours",
        RootShown::Unknown => "sent by the server, known to nobody",
        RootShown::Missing => "missing",
    };
    let verdict = match (&path.reason, path.root) {
        (None, _) => match path.instructions {
            Some(count) => {
                format!("verified, {}.{:01} M instructions", count / 1_000_000, count / 100_000 % 10)
            }
            None => "verified".to_owned(),
        },
        (Some(reason), RootShown::Missing) => return format!("[{reason}]"),
        (Some(reason), _) => format!("refused: {reason}"),
    };
    format!("[{root}; {verdict}]")
}

/// A list that does not fill the screen.
fn shortened(values: &[String]) -> String {
    match values.get(..6) {
        Some(first) if values.len() > 6 => format!("{} and {} others", first.join(", "), values.len() - 6),
        _ => values.join(", "),
    }
}

/// Lines of at most so many characters, broken at spaces.
pub(crate) fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    // What indents the first word stays: the tree's stems.
    let indent: String = text.chars().take_while(|character| *character == ' ').collect();
    lines[0].push_str(&indent);
    for word in text.split(' ').filter(|word| !word.is_empty()) {
        let last = lines.len() - 1;
        let used = lines[last].chars().count();
        if used > 0 && used + 1 + word.chars().count() > width && !lines[last].trim().is_empty() {
            lines.push(word.to_owned());
        } else {
            if !lines[last].is_empty() && !lines[last].ends_with(' ') {
                lines[last].push(' ');
            }
            lines[last].push_str(word);
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::wrapped;

    #[test]
    fn lines_are_broken_at_spaces() {
        assert_eq!(wrapped("one two three", 7), ["one two", "three"]);
        assert_eq!(wrapped("   └─ a b", 80), ["   └─ a b"]);
        assert_eq!(wrapped("longerthanthat x", 4), ["longerthanthat", "x"]);
        assert_eq!(wrapped("", 4), [""]);
    }
}
