//! What a call costs, for the benchmark.

use std::time::Instant;

use wasmtime::Result;

use crate::Instance;

const CALLS: u32 = 20_000;
const ROUNDS: usize = 11;

/// Prints the nanoseconds of a call for a short request and for one of 684 bytes.
pub fn measure(instance: &mut Instance) -> Result<()> {
    let short = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n".to_vec();
    let mut long = short[..short.len() - 2].to_vec();
    long.extend(b"X-Padding: ");
    long.resize(680, b'x');
    long.extend(b"\r\n\r\n");
    for head in [short, long] {
        let mut times: Vec<u128> = Vec::new();
        for _ in 0..ROUNDS {
            let start = Instant::now();
            for _ in 0..CALLS {
                let http = instance.core.squall_core_http();
                let parsed = http.call_parse_request(&mut instance.store, &head, 100, 8192)?;
                assert!(matches!(parsed, Ok(Some(_))));
            }
            times.push(start.elapsed().as_nanos() / u128::from(CALLS));
        }
        times.sort_unstable();
        println!("{} {}", head.len(), times[ROUNDS / 2]);
    }
    Ok(())
}
