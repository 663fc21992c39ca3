/**
 * What a static file is, by the end of its name. The types that the web is made of; an application
 * that has others overrides `StaticFileHandler.getContentType`.
 */

const UNKNOWN = "application/octet-stream";

/** Types and the extensions that have them. */
const table: readonly (readonly [type: string, extensions: string])[] = [
  ["application/atom+xml", "atom"],
  ["application/epub+zip", "epub"],
  ["application/gzip", "gz tgz"],
  ["application/java-archive", "jar"],
  ["application/json", "json map"],
  ["application/ld+json", "jsonld"],
  ["application/manifest+json", "webmanifest"],
  ["application/msword", "doc"],
  ["application/ogg", "ogx"],
  ["application/pdf", "pdf"],
  ["application/postscript", "ps eps ai"],
  ["application/rss+xml", "rss"],
  ["application/rtf", "rtf"],
  ["application/vnd.android.package-archive", "apk"],
  ["application/vnd.ms-excel", "xls"],
  ["application/vnd.ms-fontobject", "eot"],
  ["application/vnd.ms-powerpoint", "ppt"],
  ["application/vnd.oasis.opendocument.presentation", "odp"],
  ["application/vnd.oasis.opendocument.spreadsheet", "ods"],
  ["application/vnd.oasis.opendocument.text", "odt"],
  ["application/vnd.openxmlformats-officedocument.presentationml.presentation", "pptx"],
  ["application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "xlsx"],
  ["application/vnd.openxmlformats-officedocument.wordprocessingml.document", "docx"],
  ["application/wasm", "wasm"],
  ["application/x-7z-compressed", "7z"],
  ["application/x-tar", "tar"],
  ["application/xhtml+xml", "xhtml"],
  ["application/xml", "xml xsl"],
  ["application/zip", "zip"],
  ["audio/aac", "aac"],
  ["audio/flac", "flac"],
  ["audio/midi", "mid midi"],
  ["audio/mp4", "m4a"],
  ["audio/mpeg", "mp3"],
  ["audio/ogg", "oga ogg opus"],
  ["audio/wav", "wav"],
  ["audio/webm", "weba"],
  ["font/otf", "otf"],
  ["font/ttf", "ttf"],
  ["font/woff", "woff"],
  ["font/woff2", "woff2"],
  ["image/apng", "apng"],
  ["image/avif", "avif"],
  ["image/bmp", "bmp"],
  ["image/gif", "gif"],
  ["image/jpeg", "jpg jpeg jpe"],
  ["image/jxl", "jxl"],
  ["image/png", "png"],
  ["image/svg+xml", "svg"],
  ["image/tiff", "tif tiff"],
  ["image/vnd.microsoft.icon", "ico"],
  ["image/webp", "webp"],
  ["text/calendar", "ics"],
  ["text/css", "css"],
  ["text/csv", "csv"],
  ["text/html", "html htm"],
  ["text/javascript", "js mjs cjs"],
  ["text/markdown", "md markdown"],
  ["text/plain", "txt text log conf c h py ts"],
  ["text/tab-separated-values", "tsv"],
  ["text/vcard", "vcf"],
  ["text/vtt", "vtt"],
  ["video/mp2t", "m2ts"],
  ["video/mp4", "mp4 m4v"],
  ["video/mpeg", "mpeg mpg"],
  ["video/ogg", "ogv"],
  ["video/quicktime", "mov"],
  ["video/webm", "webm"],
  ["video/x-msvideo", "avi"],
];

const byExtension = new Map<string, string>();
for (const [type, extensions] of table) {
  for (const extension of extensions.split(" ")) byExtension.set(extension, type);
}

/** The type of a file, `application/octet-stream` if its name says nothing known. */
export function mimeTypeOf(path: string): string {
  const name = path.slice(path.lastIndexOf("/") + 1);
  const dot = name.lastIndexOf(".");
  return dot <= 0 ? UNKNOWN : (byExtension.get(name.slice(dot + 1).toLowerCase()) ?? UNKNOWN);
}
