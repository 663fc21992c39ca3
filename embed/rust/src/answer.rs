//! One function for each kind of question. The outer error is wasmtime's, of a call that trapped;
//! the errors that the component answers are part of the line.

use wasmtime::Result;

use crate::Instance;
use crate::exports::squall::core::hashing::Algorithm;
use crate::exports::squall::core::http::{Attributes, Header, ParseError, Span};

pub fn answer(instance: &mut Instance, line: &str) -> Result<String> {
    let parts: Vec<&str> = line.split(' ').collect();
    match parts[0] {
        "request" => request(instance, &parts[1..]),
        "response" => response(instance, &parts[1..]),
        "chunked" => chunked(instance, &parts[1..]),
        "parts" => part_events(instance, &parts[1..]),
        "part-head" => part_head(instance, &parts[1..]),
        "tokens" => tokens(instance, &parts[1..]),
        "digest" => digest(instance, &parts[1..]),
        "version" => version(instance, &parts[1..]),
        "sign" => sign(instance, &parts[1..]),
        "verify" => verify(instance, &parts[1..]),
        "hmac" => hmac(instance, &parts[1..]),
        "frame" => frame(instance, &parts[1..]),
        "mask" => mask(instance, &parts[1..]),
        "utf8" => utf8(instance, &parts[1..]),
        other => Ok(format!("unknown {other}")),
    }
}

fn request(Instance { store, core }: &mut Instance, parts: &[&str]) -> Result<String> {
    let (headers, target) = (number(parts[0]) as u32, number(parts[1]) as u32);
    let http = core.squall_core_http();
    let head = match http.call_parse_request(store, &bytes(parts[2]), headers, target)? {
        Ok(Some(head)) => head,
        Ok(None) => return Ok("incomplete".into()),
        Err(error) => return Ok(refused(error)),
    };
    Ok(format!(
        "head {} method={}#{} target={} form={} path={} query={} host={} {}",
        head.length,
        span(&head.method),
        head.method_id,
        span(&head.target),
        name(&head.form),
        span(&head.path),
        head.query.as_ref().map_or("-".into(), span),
        head.host.as_ref().map_or("-".into(), span),
        common(
            head.minor_version,
            head.content_length,
            head.attributes,
            &head.headers
        ),
    ))
}

fn response(Instance { store, core }: &mut Instance, parts: &[&str]) -> Result<String> {
    let (headers, method) = (number(parts[0]) as u32, number(parts[1]) as u8);
    let http = core.squall_core_http();
    let head = match http.call_parse_response(store, &bytes(parts[2]), headers, method)? {
        Ok(Some(head)) => head,
        Ok(None) => return Ok("incomplete".into()),
        Err(error) => return Ok(refused(error)),
    };
    Ok(format!(
        "head {} status={} reason={} {}",
        head.length,
        head.status,
        span(&head.reason),
        common(
            head.minor_version,
            head.content_length,
            head.attributes,
            &head.headers
        ),
    ))
}

/// What both kinds of heads have.
fn common(minor: u8, length: Option<u64>, attributes: Attributes, headers: &[Header]) -> String {
    let flags: Vec<&str> = FLAGS
        .iter()
        .filter(|(flag, _)| attributes.contains(*flag))
        .map(|(_, name)| *name)
        .collect();
    let length = length.map_or("-".into(), |length| length.to_string());
    let (flags, rows) = (or_none(flags.join(",")), rows(headers));
    format!("version=1.{minor} length={length} flags={flags} headers={rows}")
}

fn rows(headers: &[Header]) -> String {
    let rows: Vec<String> = headers
        .iter()
        .map(|row| {
            let (name, value) = (row.name_offset, row.value_offset);
            format!(
                "{name}+{}#{}@{value}+{}",
                row.name_length, row.id, row.value_length
            )
        })
        .collect();
    or_none(rows.join(","))
}

const FLAGS: [(Attributes, &str); 11] = [
    (Attributes::KEEP_ALIVE, "keep-alive"),
    (Attributes::CHUNKED, "chunked"),
    (Attributes::HAS_LENGTH, "has-length"),
    (Attributes::EXPECT_CONTINUE, "expect-continue"),
    (Attributes::UPGRADE, "upgrade"),
    (Attributes::PERCENT, "percent"),
    (Attributes::KEEP_ALIVE_ASKED, "keep-alive-asked"),
    (Attributes::CLOSE_ASKED, "close-asked"),
    (Attributes::UPGRADE_ASKED, "upgrade-asked"),
    (Attributes::NO_BODY, "no-body"),
    (Attributes::UNTIL_CLOSE, "until-close"),
];

fn chunked(Instance { store, core }: &mut Instance, parts: &[&str]) -> Result<String> {
    let (extension, trailer) = (number(parts[0]) as u32, number(parts[1]) as u32);
    let decoders = core.squall_core_http().chunked_decoder();
    let decoder = match decoders.call_create(&mut *store, extension, trailer)? {
        Ok(decoder) => decoder,
        Err(error) => return Ok(refused(error)),
    };
    let (mut data, mut consumed, mut done) = (Vec::new(), 0, false);
    for piece in &parts[2..] {
        match decoders.call_decode(&mut *store, decoder, &bytes(piece))? {
            Ok(decoded) => {
                data.extend(decoded.data);
                consumed += decoded.consumed;
                done = decoded.done;
            }
            Err(error) => {
                decoder.resource_drop(&mut *store)?;
                return Ok(refused(error));
            }
        }
        if done {
            break;
        }
    }
    decoder.resource_drop(&mut *store)?;
    let end = if done { "done" } else { "more" };
    Ok(format!("data {} {consumed} {end}", digits(&data)))
}

fn part_events(Instance { store, core }: &mut Instance, parts: &[&str]) -> Result<String> {
    let scanners = core.squall_core_multipart().scanner();
    let max_head = number(parts[0]) as u32;
    let scanner = match scanners.call_create(&mut *store, &text(parts[1]), max_head)? {
        Ok(scanner) => scanner,
        Err(error) => return Ok(format!("error {} {}", name(&error.code), error.position)),
    };
    let mut line = String::from("parts");
    for piece in &parts[2..] {
        match scanners.call_scan(&mut *store, scanner, &bytes(piece))? {
            Ok(events) => {
                for event in events {
                    line += &format!(" {}:{}", name(&event.kind), digits(&event.data));
                }
            }
            Err(error) => {
                line = format!("error {} {}", name(&error.code), error.position);
                break;
            }
        }
    }
    scanner.resource_drop(&mut *store)?;
    Ok(line)
}

fn part_head(Instance { store, core }: &mut Instance, parts: &[&str]) -> Result<String> {
    let multipart = core.squall_core_multipart();
    let headers = number(parts[0]) as u32;
    let parsed = multipart.call_parse_part_head(store, &bytes(parts[1]), headers)?;
    Ok(match parsed {
        Ok(headers) => format!("headers {}", rows(&headers)),
        Err(error) => format!("error {} {}", name(&error.code), error.position),
    })
}

fn tokens(Instance { store, core }: &mut Instance, parts: &[&str]) -> Result<String> {
    let source = text(parts[0]);
    let found = core.squall_core_template().call_tokenize(store, &source)?;
    let tokens = match found {
        Ok(tokens) => tokens,
        Err(error) => {
            let code = name(&error.code);
            return Ok(format!("error {code} {} {}", error.position, error.line));
        }
    };
    let mut line = String::from("tokens");
    for token in tokens {
        let kind = name(&token.kind);
        line += &format!(" {kind}:{}:{}:{}", token.start, token.end, token.line);
    }
    Ok(line)
}

fn digest(Instance { store, core }: &mut Instance, parts: &[&str]) -> Result<String> {
    let algorithm = match parts[0] {
        "sha1" => Algorithm::Sha1,
        "sha256" => Algorithm::Sha256,
        "sha512" => Algorithm::Sha512,
        _ => Algorithm::Blake3,
    };
    let hashing = core.squall_core_hashing();
    if let [_, data] = parts {
        return Ok(digits(&hashing.call_digest(
            store,
            algorithm,
            &bytes(data),
        )?));
    }
    let hashers = hashing.hasher();
    let hasher = match hashers.call_create(&mut *store, algorithm)? {
        Ok(hasher) => hasher,
        Err(error) => return Ok(format!("error {}", error.name())),
    };
    for piece in &parts[1..] {
        hashers.call_update(&mut *store, hasher, &bytes(piece))?;
    }
    let digest = hashers.call_digest(&mut *store, hasher)?;
    hasher.resource_drop(&mut *store)?;
    Ok(digits(&digest))
}

fn version(Instance { store, core }: &mut Instance, parts: &[&str]) -> Result<String> {
    core.squall_core_hashing()
        .call_content_version(store, &bytes(parts[0]))
}

fn sign(Instance { store, core }: &mut Instance, parts: &[&str]) -> Result<String> {
    let (time, key_version) = (number(parts[2]), number(parts[1]) as u32);
    let (name_text, value) = (text(parts[4]), bytes(parts[5]));
    let signers = core.squall_core_signing().signer();
    let signer = match signers.call_create(&mut *store, &bytes(parts[3]))? {
        Ok(signer) => signer,
        Err(error) => return Ok(format!("error {}", error.name())),
    };
    let signed = if parts[0] == "2" {
        signers.call_sign(&mut *store, signer, &name_text, &value, time, key_version)?
    } else {
        signers.call_sign_v1(&mut *store, signer, &name_text, &value, time)?
    };
    signer.resource_drop(&mut *store)?;
    Ok(signed.map_or_else(
        |error| format!("error {}", error.name()),
        |it| digits(it.as_bytes()),
    ))
}

fn verify(Instance { store, core }: &mut Instance, parts: &[&str]) -> Result<String> {
    let (least, oldest, newest) = (number(parts[0]) as u8, number(parts[1]), number(parts[2]));
    let (name_text, signed) = (text(parts[4]), bytes(parts[5]));
    let signers = core.squall_core_signing().signer();
    let signer = match signers.call_create(&mut *store, &bytes(parts[3]))? {
        Ok(signer) => signer,
        Err(error) => return Ok(format!("error {}", error.name())),
    };
    let value = signers.call_verify(
        &mut *store,
        signer,
        &name_text,
        &signed,
        least,
        oldest,
        newest,
    )?;
    signer.resource_drop(&mut *store)?;
    Ok(value.map_or_else(|error| format!("error {}", error.name()), |it| digits(&it)))
}

fn hmac(Instance { store, core }: &mut Instance, parts: &[&str]) -> Result<String> {
    let signers = core.squall_core_signing().signer();
    let signer = match signers.call_create(&mut *store, &bytes(parts[1]))? {
        Ok(signer) => signer,
        Err(error) => return Ok(format!("error {}", error.name())),
    };
    let code = signers.call_hmac_sha256(&mut *store, signer, &bytes(parts[2]))?;
    signer.resource_drop(&mut *store)?;
    Ok(digits(&code))
}

fn frame(Instance { store, core }: &mut Instance, parts: &[&str]) -> Result<String> {
    let (from_client, reserved) = (parts[0] == "1", number(parts[1]) as u8);
    let websocket = core.squall_core_websocket();
    let parsed = websocket.call_parse_frame_head(store, &bytes(parts[2]), from_client, reserved)?;
    let head = match parsed {
        Ok(Some(head)) => head,
        Ok(None) => return Ok("incomplete".into()),
        Err(error) => return Ok(format!("error {}", error.name())),
    };
    Ok(format!(
        "frame {} opcode={} final={} reserved={} key={} payload={}",
        head.length,
        head.opcode,
        u8::from(head.final_),
        head.reserved,
        head.key.map_or("-".into(), |key| key.to_string()),
        head.payload_length,
    ))
}

fn mask(Instance { store, core }: &mut Instance, parts: &[&str]) -> Result<String> {
    let (key, offset) = (number(parts[0]) as u32, number(parts[1]) as u32);
    let masked = core
        .squall_core_websocket()
        .call_mask(store, &bytes(parts[2]), key, offset)?;
    Ok(digits(&masked))
}

fn utf8(Instance { store, core }: &mut Instance, parts: &[&str]) -> Result<String> {
    let websocket = core.squall_core_websocket();
    let mut state = 0;
    for piece in parts {
        match websocket.call_validate_utf8(&mut *store, &bytes(piece), state)? {
            Some(next) => state = next,
            None => return Ok("invalid".into()),
        }
    }
    Ok(if state == 0 { "complete" } else { "cut" }.into())
}

fn refused(error: ParseError) -> String {
    format!("error {} {}", name(&error.code), error.position)
}

/// The name of a case as core.wit has it; bindings write it `Type::CaseName`.
fn name(case: &impl std::fmt::Debug) -> String {
    let text = format!("{case:?}");
    let case = text.rsplit("::").next().unwrap_or_default();
    let mut kebab = String::new();
    for (at, letter) in case.char_indices() {
        let starts = letter.is_ascii_uppercase()
            || (letter.is_ascii_digit() && !kebab.ends_with(|it: char| it.is_ascii_digit()));
        if at > 0 && starts {
            kebab.push('-');
        }
        kebab.push(letter.to_ascii_lowercase());
    }
    kebab
}

fn span(span: &Span) -> String {
    format!("{}+{}", span.offset, span.length)
}

fn number(text: &str) -> u64 {
    text.parse().unwrap_or_default()
}

fn text(digits: &str) -> String {
    String::from_utf8_lossy(&bytes(digits)).into_owned()
}

fn bytes(digits: &str) -> Vec<u8> {
    let pairs = digits.as_bytes().chunks_exact(2);
    let value = |pair: &[u8]| u8::from_str_radix(&String::from_utf8_lossy(pair), 16);
    pairs.map(|pair| value(pair).unwrap_or_default()).collect()
}

fn digits(bytes: &[u8]) -> String {
    or_none(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

fn or_none(text: String) -> String {
    if text.is_empty() { "-".into() } else { text }
}
