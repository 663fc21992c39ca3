//! Answers the lines of embed/README.md with the component, in wasmtime, through bindings that
//! `bindgen!` makes of core.wit: `squall-core-embed COMPONENT [--measure]`.

mod answer;
mod measure;

use std::io::{BufRead, Write, stdin, stdout};

use wasmtime::component::{Component, Linker, bindgen};
use wasmtime::{Engine, Result, Store};

bindgen!({ path: "../../core-wasm/component/core.wit", world: "core" });

/// The component and what it runs in.
pub struct Instance {
    pub store: Store<()>,
    pub core: Core,
}

impl Instance {
    fn load(file: &str) -> Result<Self> {
        let engine = Engine::default();
        let component = Component::from_file(&engine, file)?;
        let mut store = Store::new(&engine, ());
        let core = Core::instantiate(&mut store, &component, &Linker::new(&engine))?;
        Ok(Self { store, core })
    }
}

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [file, options @ ..] = arguments.as_slice() else {
        eprintln!("usage: squall-core-embed COMPONENT [--measure]");
        std::process::exit(2);
    };
    let mut instance = Instance::load(file)?;
    if options.iter().any(|option| option == "--measure") {
        return measure::measure(&mut instance);
    }
    let mut output = stdout().lock();
    for line in stdin().lock().lines() {
        writeln!(output, "{}", answer::answer(&mut instance, &line?)?)?;
    }
    Ok(())
}
