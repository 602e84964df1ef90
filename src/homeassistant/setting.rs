//! The discovery of values that the settings name: each is an entity of the kind that its settings say.

use serde_json::{Map, Value, json};

use crate::domain::values::named::{Choice, LONGEST, NamedValue, ValueKind};

/// Where an entity reads and writes.
pub(super) struct Places {
    /// Its state.
    pub(super) state: String,
    /// The command that sets values.
    pub(super) command: String,
    /// Where bridge and phone say that they are there.
    pub(super) availability: Value,
}

/// Returns the key of a setting among the components of its device: never one of ours, be it in times to come.
pub(super) fn component_key(setting: &NamedValue) -> String {
    format!("value_{}", setting.key)
}

/// Returns what announces a setting, but for its id.
pub(super) fn component(setting: &NamedValue, places: Places) -> Value {
    let mut component = platform(setting);
    component["name"] = json!(setting.name);
    component["state_topic"] = json!(places.state);
    if let Some(icon) = &setting.icon {
        component["icon"] = json!(icon);
    }
    // what the phone does not know is not there; what does not fit is, so that it can be fixed. But a text can't be
    // unknown, it would read "None"
    let field = if setting.kind == ValueKind::Text { "value" } else { "raw" };
    let mut availability = places.availability;
    if let Value::Array(entries) = &mut availability {
        let known = format!("{{{{ 'offline' if value_json.{field} is none else 'online' }}}}");
        entries.push(json!({ "topic": places.state, "value_template": known }));
    }
    component["availability"] = availability;
    if setting.is_writable() {
        component["command_topic"] = json!(places.command);
        component["qos"] = json!(1);
        component["entity_category"] = json!("config");
    } else {
        component["entity_category"] = json!("diagnostic");
    }
    component
}

/// Returns what depends on the kind. What is not known is rendered as `None`, Home Assistant's own word for it.
fn platform(setting: &NamedValue) -> Value {
    let shown = "{{ value_json.value }}";
    let sets = |text: &str| json!({ format!("P{}", setting.value): text }).to_string();
    match &setting.kind {
        ValueKind::Switch { on, off } => json!({
            "platform": "switch", "value_template": shown,
            "state_on": "ON", "state_off": "OFF", "payload_on": sets(on), "payload_off": sets(off),
        }),
        ValueKind::Number { min, max, step, unit } => with_unit(
            json!({
                "platform": "number", "value_template": shown, "min": min, "max": max, "step": step,
                "command_template": template(setting, "value"),
            }),
            unit.as_deref(),
        ),
        ValueKind::Select(choices) => {
            let labels: Vec<_> = choices.iter().map(|choice| choice.label.as_str()).collect();
            let pair = |choice: &Choice| (choice.label.clone(), json!(choice.value));
            let values: Map<_, _> = choices.iter().map(pair).collect();
            let value = format!("{}[value]", Value::Object(values));
            json!({
                "platform": "select", "value_template": shown, "options": labels,
                "command_template": template(setting, &value),
            })
        }
        ValueKind::Text => json!({
            "platform": "text", "max": LONGEST, "value_template": shown,
            "command_template": template(setting, "value"),
        }),
        ValueKind::Sensor { unit } => {
            with_unit(json!({ "platform": "sensor", "value_template": shown }), unit.as_deref())
        }
    }
}

fn with_unit(mut component: Value, unit: Option<&str>) -> Value {
    if let Some(unit) = unit {
        component["unit_of_measurement"] = json!(unit);
    }
    component
}

/// Returns the template of a command that sets the value to this expression. JSON's texts are texts in a template, too.
fn template(setting: &NamedValue, expression: &str) -> String {
    format!("{{{{ {{\"P{}\": {expression}}} | tojson }}}}", setting.value)
}

#[cfg(test)]
pub(super) mod tests;
