//! The CustomResourceDefinitions, made from the types.

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::{
    CustomResourceDefinition, JSON, JSONSchemaProps, JSONSchemaPropsOrArray,
};
use kube::CustomResourceExt;
use serde_json::json;

use super::{Approval, Asset, Campaign, ChannelConfig, Halt, PolicyPack, Receipt};

/// Every CustomResourceDefinition of this version, in the order of their names.
///
/// # Guarantees
/// `status` defaults to `observedGeneration: -1`, so that tools which follow kstatus see an object that nobody
/// has looked at yet as in progress; `conditions` are a list-map keyed by `type`.
pub fn custom_resource_definitions() -> Vec<CustomResourceDefinition> {
    [
        Approval::crd(),
        Asset::crd(),
        Campaign::crd(),
        ChannelConfig::crd(),
        Halt::crd(),
        PolicyPack::crd(),
        Receipt::crd(),
    ]
    .into_iter()
    .map(finish)
    .collect()
}

fn finish(mut definition: CustomResourceDefinition) -> CustomResourceDefinition {
    for version in &mut definition.spec.versions {
        let Some(root) = version
            .schema
            .as_mut()
            .and_then(|schema| schema.open_api_v3_schema.as_mut())
        else {
            continue;
        };
        if let Some(status) = root
            .properties
            .as_mut()
            .and_then(|properties| properties.get_mut("status"))
        {
            status.default = Some(JSON(json!({"observedGeneration": -1})));
            status.description =
                Some("What Campanile has seen and done. Nobody else writes here.".to_owned());
            conditions_are_a_map(status);
        }
        only_known_formats(root);
    }
    definition
}

/// Kubernetes knows no unsigned integers: it warns of their format, and their minimum says the same.
fn only_known_formats(schema: &mut JSONSchemaProps) {
    schema.format.take_if(|format| format.starts_with("uint"));
    for property in schema
        .properties
        .iter_mut()
        .flat_map(|properties| properties.values_mut())
    {
        only_known_formats(property);
    }
    if let Some(JSONSchemaPropsOrArray::Schema(items)) = &mut schema.items {
        only_known_formats(items);
    }
}

fn conditions_are_a_map(status: &mut JSONSchemaProps) {
    if let Some(conditions) = status
        .properties
        .as_mut()
        .and_then(|properties| properties.get_mut("conditions"))
    {
        conditions.x_kubernetes_list_type = Some("map".to_owned());
        conditions.x_kubernetes_list_map_keys = Some(vec!["type".to_owned()]);
        conditions.default = None;
    }
}

#[cfg(test)]
mod tests {
    use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::JSONSchemaPropsOrBool;

    use super::*;

    /// Every place of the schema, with its path.
    fn walk(path: &str, schema: &JSONSchemaProps, visit: &mut dyn FnMut(&str, &JSONSchemaProps)) {
        visit(path, schema);
        for (name, property) in schema.properties.iter().flatten() {
            walk(&format!("{path}.{name}"), property, visit);
        }
        if let Some(JSONSchemaPropsOrArray::Schema(items)) = &schema.items {
            walk(&format!("{path}[]"), items, visit);
        }
        if let Some(JSONSchemaPropsOrBool::Schema(values)) = &schema.additional_properties {
            walk(&format!("{path}[]"), values, visit);
        }
    }

    fn each_place(visit: &mut dyn FnMut(&str, &JSONSchemaProps)) {
        for definition in custom_resource_definitions() {
            let schema = definition.spec.versions[0]
                .schema
                .clone()
                .unwrap()
                .open_api_v3_schema
                .unwrap();
            for (name, property) in schema
                .properties
                .iter()
                .flatten()
                .filter(|(name, _)| *name != "metadata")
            {
                walk(&format!("{}.{name}", definition.spec.names.kind), property, visit);
            }
        }
    }

    #[test]
    fn every_string_and_list_has_a_bound() {
        let mut unbounded = Vec::new();
        each_place(&mut |path, schema| match schema.type_.as_deref() {
            Some("string") if schema.max_length.is_none() && schema.enum_.is_none() => {
                unbounded.push(path.to_owned());
            }
            Some("array") if schema.max_items.is_none() => unbounded.push(path.to_owned()),
            Some("object") if schema.additional_properties.is_some() && schema.max_properties.is_none() => {
                unbounded.push(path.to_owned());
            }
            _ => {}
        });
        assert!(unbounded.is_empty(), "{unbounded:#?}");
    }

    #[test]
    fn every_field_says_what_it_means() {
        let mut silent = Vec::new();
        each_place(&mut |path, schema| {
            if !path.ends_with("[]") && schema.description.as_deref().unwrap_or_default().is_empty() {
                silent.push(path.to_owned());
            }
        });
        assert!(silent.is_empty(), "{silent:#?}");
    }

    #[test]
    fn every_definition_stays_under_200_kib() {
        for definition in custom_resource_definitions() {
            let size = serde_json::to_vec(&definition).unwrap().len();
            assert!(size < 200 * 1024, "{}: {size} bytes", definition.spec.names.kind);
        }
    }

    #[test]
    fn a_status_that_nobody_wrote_observes_generation_minus_one() {
        for definition in custom_resource_definitions() {
            let schema = definition.spec.versions[0]
                .schema
                .clone()
                .unwrap()
                .open_api_v3_schema
                .unwrap();
            let status = &schema.properties.unwrap()["status"];
            assert_eq!(
                status.default.as_ref().unwrap().0,
                json!({"observedGeneration": -1})
            );
            assert_eq!(
                status.properties.as_ref().unwrap()["conditions"]
                    .x_kubernetes_list_type
                    .as_deref(),
                Some("map")
            );
        }
    }
}
