//! `campanile crds`: the CustomResourceDefinitions, as printed or as files.

use std::{
    fmt::Write,
    fs,
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::Args;
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;

use crate::api::custom_resource_definitions;

#[derive(Debug, Args)]
pub(super) struct Options {
    /// Write one file a kind into this folder
    #[arg(long, value_name = "FOLDER", conflicts_with = "check")]
    write: Option<PathBuf>,
    /// Compare with the files of this folder; exit 1 where they differ
    #[arg(long, value_name = "FOLDER")]
    check: Option<PathBuf>,
}

pub(super) fn run(options: &Options) -> ExitCode {
    let definitions = custom_resource_definitions();
    let result = match (&options.write, &options.check) {
        (Some(folder), _) => write(&definitions, folder),
        (None, Some(folder)) => check(&definitions, folder),
        (None, None) => print(&definitions),
    };
    result.unwrap_or_else(|error| super::failed(error.as_ref()))
}

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

fn yaml(definition: &CustomResourceDefinition) -> Result<String> {
    // Through JSON, so that the order of keys is the order of the types and never that of a map.
    Ok(serde_saphyr::to_string(&serde_json::to_value(definition)?)?)
}

fn file_name(definition: &CustomResourceDefinition) -> String {
    format!("{}_{}.yaml", definition.spec.group, definition.spec.names.plural)
}

fn print(definitions: &[CustomResourceDefinition]) -> Result<ExitCode> {
    let mut text = String::new();
    for definition in definitions {
        writeln!(text, "---\n{}", yaml(definition)?.trim_end())?;
    }
    print!("{text}");
    Ok(ExitCode::SUCCESS)
}

fn document(definition: &CustomResourceDefinition) -> Result<String> {
    Ok(format!("---\n{}\n", yaml(definition)?.trim_end()))
}

fn write(definitions: &[CustomResourceDefinition], folder: &Path) -> Result<ExitCode> {
    fs::create_dir_all(folder)?;
    for definition in definitions {
        fs::write(folder.join(file_name(definition)), document(definition)?)?;
    }
    Ok(ExitCode::SUCCESS)
}

fn check(definitions: &[CustomResourceDefinition], folder: &Path) -> Result<ExitCode> {
    let mut wrong = Vec::new();
    for definition in definitions {
        let path = folder.join(file_name(definition));
        if fs::read_to_string(&path).unwrap_or_default() != document(definition)? {
            wrong.push(path);
        }
    }
    for path in &wrong {
        eprintln!(
            "{} is not what the types say; run: campanile crds --write {}",
            path.display(),
            folder.display()
        );
    }
    Ok(if wrong.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}
