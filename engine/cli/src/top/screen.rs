//! The screen of `zaraba top`: a table that is looked at again and again, and sorted by keys.

use std::sync::mpsc::{Receiver, SyncSender, TryRecvError, sync_channel};
use std::thread;
use std::time::Duration;

use ratatui::crossterm::event::{self, Event, KeyCode, KeyEventKind, KeyModifiers};
use ratatui::layout::{Alignment, Constraint, Layout};
use ratatui::style::{Modifier, Style};
use ratatui::text::Text;
use ratatui::widgets::{Cell, Paragraph, Row, Table};
use ratatui::{DefaultTerminal, Frame};
use zaraba::text_width;

use crate::failure::Failure;
use crate::remote::Remote;
use crate::top::Sort;
use crate::top::figures::{COLUMNS, Seen, WORDS};

/// How often keys are looked for.
const KEYS_EVERY: Duration = Duration::from_millis(100);

/// Keys, what they sort by, and the column that shows it.
const KEYS: [(char, Sort, Option<usize>); 9] = [
    ('p', Sort::Pipeline, None),
    ('n', Sort::Name, Some(0)),
    ('i', Sort::In, Some(2)),
    ('o', Sort::Out, Some(3)),
    ('b', Sort::Bad, Some(7)),
    ('u', Sort::Queue, Some(8)),
    ('y', Sort::Busy, Some(9)),
    ('s', Sort::State, Some(10)),
    ('l', Sort::Lag, Some(11)),
];

/// What is on the screen.
struct Screen {
    seen: Seen,
    sort: Sort,
    /// The first line that is shown.
    first: usize,
    /// Why the last look came to nothing.
    trouble: Option<String>,
}

/// Shows it until somebody quits.
pub(super) fn show(remote: Remote, seen: Seen, sort: Sort, every: Duration) -> Result<(), Failure> {
    let looks = looks(remote, seen.clone(), every);
    let mut screen = Screen {
        seen,
        sort,
        first: 0,
        trouble: None,
    };
    let failed = |e: std::io::Error| Failure::Outside(format!("the terminal cannot be used: {e}"));
    let mut terminal = ratatui::try_init().map_err(failed)?;
    let ended = screen.run(&mut terminal, &looks).map_err(failed);
    ratatui::restore();
    ended
}

/// Looks on a thread of its own: a slow answer must not hold up the keys.
fn looks(remote: Remote, mut seen: Seen, every: Duration) -> Receiver<Result<Seen, String>> {
    let (send, looks): (SyncSender<Result<Seen, String>>, _) = sync_channel(1);
    thread::spawn(move || {
        loop {
            thread::sleep(every);
            let look = seen.look(&remote);
            let look = look.map(|()| seen.clone()).map_err(|e| e.to_string());
            if send.send(look).is_err() {
                return;
            }
        }
    });
    looks
}

impl Screen {
    fn run(
        &mut self,
        terminal: &mut DefaultTerminal,
        looks: &Receiver<Result<Seen, String>>,
    ) -> std::io::Result<()> {
        loop {
            match looks.try_recv() {
                Ok(Ok(seen)) => (self.seen, self.trouble) = (seen, None),
                Ok(Err(trouble)) => self.trouble = Some(trouble),
                Err(TryRecvError::Empty | TryRecvError::Disconnected) => {}
            }
            terminal.draw(|frame| self.draw(frame))?;
            if !event::poll(KEYS_EVERY)? {
                continue;
            }
            if let Event::Key(key) = event::read()?
                && key.kind == KeyEventKind::Press
            {
                let control = key.modifiers.contains(KeyModifiers::CONTROL);
                match key.code {
                    KeyCode::Char('c') if control => return Ok(()),
                    KeyCode::Char('q') | KeyCode::Esc => return Ok(()),
                    code => self.press(code),
                }
            }
        }
    }

    fn press(&mut self, code: KeyCode) {
        match code {
            KeyCode::Down => self.first += 1,
            KeyCode::Up => self.first = self.first.saturating_sub(1),
            KeyCode::Home => self.first = 0,
            KeyCode::Char(letter) => {
                let key = KEYS.iter().find(|(key, ..)| *key == letter);
                self.sort = key.map_or(self.sort, |(_, sort, _)| *sort);
            }
            _ => {}
        }
    }

    fn draw(&mut self, frame: &mut Frame<'_>) {
        let (rules, alerts) = (self.seen.rules(), self.seen.alerts());
        let lines = |of: usize| u16::try_from(of).unwrap_or(u16::MAX);
        // Nodes are the first thing that is asked for: what raises alerts has a third at most.
        let third = frame.area().height / 3;
        let [head, body, raising, below, foot] = Layout::vertical([
            Constraint::Length(2),
            Constraint::Min(1),
            Constraint::Length(lines(rules.len()).min(third)),
            Constraint::Length(lines(alerts.len())),
            Constraint::Length(1),
        ])
        .areas(frame.area());
        let bold = Style::new().add_modifier(Modifier::BOLD);
        let above = self.trouble.clone().unwrap_or_else(|| self.seen.head());
        frame.render_widget(Paragraph::new(above).style(bold), head);
        frame.render_widget(Paragraph::new(rules.join("\n")), raising);
        frame.render_widget(Paragraph::new(alerts.join("\n")), below);
        let rows = self.seen.rows(self.sort);
        let shown = usize::from(body.height.saturating_sub(1));
        self.first = self.first.min(rows.len().saturating_sub(shown));
        let width = |i: usize| {
            let cells = rows.iter().map(|row| text_width(&row[i]));
            let widest = cells.chain([COLUMNS[i].len()]).max().unwrap_or(0);
            Constraint::Length(u16::try_from(widest).unwrap_or(u16::MAX))
        };
        let widths: Vec<Constraint> = (0..COLUMNS.len()).map(width).collect();
        let cell = |i: usize, text: String| {
            let words = Text::from(text);
            Cell::from(words.alignment(if i < WORDS {
                Alignment::Left
            } else {
                Alignment::Right
            }))
        };
        let by = KEYS.iter().find(|(_, sort, _)| *sort == self.sort);
        let by = by.and_then(|(.., column)| *column);
        let names = COLUMNS.iter().enumerate().map(|(i, name)| {
            let underlined = Style::new().add_modifier(Modifier::UNDERLINED);
            let style = if by == Some(i) {
                underlined
            } else {
                Style::new()
            };
            cell(i, (*name).to_owned()).style(style)
        });
        let header = Row::new(names).style(bold);
        let lines = rows.into_iter().skip(self.first).map(|row| {
            let cells = row.into_iter().enumerate();
            Row::new(cells.map(|(i, text)| cell(i, text)).collect::<Vec<_>>())
        });
        let table = Table::new(lines, widths).header(header).column_spacing(2);
        frame.render_widget(table, body);
        let keys = "q quit  sort by: p pipeline  n name  i in/s  o out/s  l lag  u queue  y busy  \
                    b bad  s state  ↑↓ scroll";
        frame.render_widget(Paragraph::new(keys), foot);
    }
}
