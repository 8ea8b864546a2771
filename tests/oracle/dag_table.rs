//! The nodes of a pipeline that are tables or read them. A table's batch relation is all rows that
//! came to it, with `_deleted`; its readers ask for the newest up to a time.

use super::dag::{Batch, Come, Dag, Node, Trigger};
use super::dag_node::facts;
use super::data::Kind;
use super::dice::Dice;
use super::table::Table;

/// A table of a stream, or of a query with a trigger.
pub(crate) fn table(dag: &Dag, dice: &mut Dice) -> Option<Node> {
    let fits = |n: &Node| n.construct == "triggered" || (facts(n) && n.unique);
    let prefer = dice.percent(40) && dag.nodes.iter().any(|n| n.construct == "triggered");
    let input = dag.one(dice, |n| fits(n) && (!prefer || n.upsert))?;
    let from = &dag.nodes[input];
    let name = format!("n{}", dag.nodes.len());
    let (mut columns, mut drop_when, mut ttl) = (vec!["k1", "vi", "vf"], None, None);
    if !from.upsert {
        columns.insert(0, "ts");
        drop_when = dice.percent(30).then(|| "vi > 12".to_owned());
        // What goes behind the last row depends on how far the watermark comes.
        let age = dag.times.grain * dice.within(1, 12);
        ttl = from.watermark.and(dice.percent(40).then_some(age));
    }
    let deleted = match &drop_when {
        Some(condition) => format!("coalesce({condition}, false) AS _deleted"),
        None if from.upsert => "_deleted".to_owned(),
        None => "false AS _deleted".to_owned(),
    };
    let columns: Vec<String> = columns.into_iter().map(str::to_owned).collect();
    let batch = format!(
        "SELECT {}, {deleted}, _t, _seq FROM {}",
        columns.join(", "),
        from.name
    );
    let table = Table {
        name: name.clone(),
        from: from.name.clone(),
        key: vec!["k1".to_owned()],
        ttl,
        drop_when,
        columns,
        rows: from.name.clone(),
        watermark: from.watermark.unwrap_or(i64::MIN),
    };
    let mut node = dag.query("table", &[input], "", String::new());
    node.toml = table.toml();
    node.batch = Batch::Table(batch, Box::new(table));
    (node.name, node.upsert, node.ttl) = (name, true, ttl);
    node.numbered = true;
    Some(node)
}

/// A stream joined with a table, or with a query with a trigger, as of its rows' times.
pub(crate) fn as_of_join(dag: &Dag, dice: &mut Dice) -> Option<Node> {
    let prefer = dice.percent(40) && dag.nodes.iter().any(|n| n.construct == "triggered");
    let table = dag.one(dice, |n| {
        n.upsert && (!prefer || n.construct == "triggered")
    })?;
    let key = dag.nodes[table].key;
    let stream = dag.one(dice, |n| facts(n) && n.key == key)?;
    let (a, b) = (&dag.nodes[stream], &dag.nodes[table]);
    let words = dice.pick(&[
        "JOIN",
        "LEFT JOIN",
        "LEFT JOIN",
        "LEFT SEMI JOIN",
        "LEFT ANTI JOIN",
    ]);
    let once = words.contains("SEMI") || words.contains("ANTI");
    let (vi, vf) = match once {
        true => ("a.vi", "a.vf"),
        false => (
            dice.pick(&["b.vi", "coalesce(b.vi, a.vi)", "a.vi - b.vi"]),
            "b.vf",
        ),
    };
    let select = format!("SELECT a.ts AS ts, a.k1 AS k1, {vi} AS vi, {vf} AS vf");
    let engine = format!(
        "{select} FROM {} a {words} {} b ON a.k1 = b.k1",
        a.name, b.name
    );
    let gone = b
        .ttl
        .map_or(String::new(), |ttl| format!(" AND x__t + {ttl} > _t"));
    // The rows of the stream by number, each with the newest of its key.
    let rows = format!(
        "(SELECT *, row_number() OVER (ORDER BY _t, _seq) AS _i FROM {})",
        a.name
    );
    let newest = format!(
        "(SELECT _i, vi, vf FROM (SELECT a._i, a._t, x.vi, x.vf, x._deleted, x._t AS x__t, \
         row_number() OVER (PARTITION BY a._i ORDER BY x._t DESC, x._seq DESC) AS _n FROM \
         (SELECT _i, _t, k1 FROM {rows} AS r) AS a JOIN {} AS x ON x.k1 = a.k1 AND x._t <= a._t) AS \
         v WHERE _n = 1 AND NOT _deleted{gone})",
        b.name
    );
    let batch = format!(
        "{select}, a._t AS _t, a._seq AS _seq FROM {rows} AS a {words} {newest} AS b ON a._i = b._i"
    );
    let mut node = dag.query("as_of_join", &[stream, table], &engine, batch);
    node.watermark = None;
    Some(node)
}

/// A query over tables, or over a query with a trigger as a table.
pub(crate) fn triggered(dag: &Dag, dice: &mut Dice) -> Option<Node> {
    // Ticks where rows expire are the construct `triggered`'s.
    let fits = |n: &Node| n.upsert && n.ttl.is_none();
    let first = dag.one(dice, fits)?;
    let t = &dag.nodes[first];
    let same = |n: &Node| fits(n) && n.key == t.key && n.name != t.name;
    let second = dag.one(dice, same).filter(|_| dice.percent(60));
    let mut inputs = vec![first];
    inputs.extend(second);
    let name = format!("n{}", dag.nodes.len());
    let grouped = second.is_none() && dice.percent(50);
    let sql = |from: &dyn Fn(&str) -> String, number: &str, by: &str, also: &str| match second {
        Some(u) => format!(
            "SELECT {number}a.k1 AS k1, a.vi AS vi, b.vf AS vf FROM {} a LEFT JOIN {} b ON a.k1 = \
             b.k1{also}",
            from(&t.name),
            from(&dag.nodes[u].name)
        ),
        None if grouped => format!(
            "SELECT {by}vi % 3 AS k1, count(*) AS vi, sum(vf) AS vf FROM {} AS a GROUP BY {by}vi % 3",
            from(&t.name)
        ),
        None => format!(
            "SELECT {number}k1, vi, vf FROM {} AS a WHERE vi IS NULL OR vi > 3",
            from(&t.name)
        ),
    };
    let engine = sql(&str::to_owned, "", "", "");
    let at_ticks = |table: &str| {
        format!(
            "(SELECT i, tick, k1, vi, vf FROM (SELECT c.i, c.tick, r.k1, r.vi, r.vf, r._deleted, \
             row_number() OVER (PARTITION BY c.i, r.k1 ORDER BY r._t DESC, r._seq DESC) AS _n FROM \
             {name}__ticks AS c JOIN {table} AS r ON r._t <= c.tick) AS x WHERE _n = 1 AND NOT \
             _deleted)"
        )
    };
    let batch = sql(&at_ticks, "a.i, a.tick, ", "i, tick, ", " AND a.i = b.i");
    let trigger = match dice.percent(40) {
        true => Trigger::OnChange(dag.times.grain * dice.pick(&[0, 1, 3])),
        false => Trigger::Every(dag.times.grain * dice.within(1, 8)),
    };
    let when = match trigger {
        Trigger::Every(every) => format!("every = \"{every}us\""),
        Trigger::OnChange(0) => "on_change = true".to_owned(),
        Trigger::OnChange(i) => format!("on_change = true\nmin_interval = \"{i}us\""),
    };
    let tables = inputs.iter().map(|i| dag.nodes[*i].name.clone()).collect();
    let mut node = dag.query("triggered", &inputs, "", String::new());
    node.toml = format!("[query.{name}]\n{when}\nkey = [\"k1\"]\nsql = \"\"\"{engine}\"\"\"\n");
    node.batch = Batch::Triggered(tables, trigger, batch);
    (node.upsert, node.numbered) = (true, true);
    node.come = Come::Any;
    node.watermark = None;
    if grouped {
        node.key = Kind::Int;
    }
    Some(node)
}
