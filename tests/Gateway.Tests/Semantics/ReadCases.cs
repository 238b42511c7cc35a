namespace Gateway.Tests.Semantics;

/// <summary>Which resource is meant, and the fields of a whole answer.</summary>
internal static class ReadCases
{
    public static IEnumerable<HttpCase> Identity { get; } =
    [
        new("decimal id", "GET /resources/10", 200, "= 0123456789"),
        new("hexadecimal id", "GET /resources/0xa", 200, "= 0123456789"),
        new("hexadecimal id in capitals", "GET /resources/0XA", 200, "= 0123456789"),
        new("leading zeros", "GET /resources/0010", 200, "= 0123456789"),
        new("percent-encoded digits", "GET /resources/%31%30", 200, "= 0123456789"),
        new("a slash at the end is no redirect", "GET /resources/10/", 200, "= 0123456789"),
        new("2012 path", "GET /10", 200, "= 0123456789"),
        new("2012 path in hexadecimal", "GET /0xA", 200, "= 0123456789"),
        new("absolute form", "GET http://gateway.example/resources/10", 200, "= 0123456789"),
        new("plus sign", "GET /resources/+10", 400, "! invalid-resource-id"),
        new("minus sign", "GET /resources/-1", 400, "! invalid-resource-id"),
        new("space before", "GET /resources/%2010", 400, "! invalid-resource-id"),
        new("space behind", "GET /resources/10%20", 400, "! invalid-resource-id"),
        new("overflow", "GET /resources/18446744073709551616", 400, "! invalid-resource-id"),
        new("hexadecimal overflow", "GET /resources/0x10000000000000000", 400, "! invalid-resource-id"),
        new("prefix alone", "GET /resources/0x", 400, "! invalid-resource-id"),
        new("fraction", "GET /resources/1.0", 400, "! invalid-resource-id"),
        new("word", "GET /resources/abc", 400, "! invalid-resource-id"),
        new("digits of another script", "GET /resources/%D9%A1", 400, "! invalid-resource-id"),
        new("2012 path that is no id", "GET /abc", 400, "! invalid-resource-id"),
        new("wrong id in HEAD", "HEAD /resources/x", 400),
        new("wrong id in DELETE", "DELETE /resources/x", 400, "! invalid-resource-id"),
        new("wrong id in the manifest's path", "GET /resources/x/manifest", 400, "! invalid-resource-id"),
        new("largest id that is not here", "GET /resources/18446744073709551615", 404, "! not-found", "< Cache-Control: no-store"),
        new("missing in HEAD", "HEAD /resources/77", 404, "<! ETag"),
        new("deleted", "GET {gone}", 410, "! gone"),
        new("list", "GET /resources", 200, "< Content-Type: application/json; charset=utf-8", "=~ \"id\":\"10\""),
        new("list in HEAD", "HEAD /resources", 200),
        new("list with a wrong limit", "GET /resources?limit=0", 400, "! invalid-parameter"),
        new("manifest", "GET /resources/10/manifest", 200, "=~ \"blockDigests\":[", "< ETag: {etag}"),
    ];

    public static IEnumerable<HttpCase> Fields { get; } =
    [
        new(
            "GET", "GET /resources/10", 200, "< Content-Length: 10", "< ETag: {etag}", "< Last-Modified: {modified}",
            "< Accept-Ranges: bytes",
            "< Content-Type: text/plain", "< Repr-Digest: sha-256=:{sha256 0123456789}:", "< Cache-Control: no-cache, no-transform",
            "< Cache-Status: rain; hit",
            "< X-Content-Type-Options: nosniff", "< Content-Security-Policy: sandbox; default-src 'none'",
            "<~ Server-Timing: cache;desc=hit",
            "<! Transfer-Encoding", "<! Vary", "<! Content-Encoding", "<! Digest", "<! Server", "<! Access-Control-Allow-Origin",
            "<~ Date: GMT"),
        new(
            "HEAD", "HEAD /resources/10", 200, "< Content-Length: 10", "< ETag: {etag}", "< Last-Modified: {modified}",
            "< Accept-Ranges: bytes",
            "< Content-Type: text/plain", "< Repr-Digest: sha-256=:{sha256 0123456789}:", "< Cache-Control: no-cache, no-transform",
            "< Content-Security-Policy: sandbox; default-src 'none'", "<! Transfer-Encoding"),
        new("HEAD reads over Range", "HEAD /resources/10", 200, "> Range: bytes=0-0", "< Content-Length: 10", "<! Content-Range"),
        new("HEAD reads over a range that cannot be", "HEAD /resources/10", 200, "> Range: bytes=99-", "< Content-Length: 10"),
        new("nothing", "GET /resources/11", 200, "< Content-Length: 0", "= ", "< Content-Type: application/octet-stream"),
        new("HEAD of nothing", "HEAD /resources/11", 200, "< Content-Length: 0"),
        new("a whole of several buffers", "GET /resources/12", 200, "< Content-Length: 300000", "=# 300000", "<! Transfer-Encoding"),
        new(
            "compression is not for stored bytes", "GET /resources/12", 200, "> Accept-Encoding: gzip, br", "< Content-Length: 300000",
            "<! Content-Encoding", "<! Vary"),
        new("file name", "GET /resources/10", 200, "< Content-Disposition: attachment; filename=\"ten.txt\"; filename*=UTF-8''ten.txt"),
        new(
            "attachment", "GET /resources/10?download=1", 200,
            "< Content-Disposition: attachment; filename=\"ten.txt\"; filename*=UTF-8''ten.txt"),
        new(
            "another file name", "GET /resources/10?filename=%C3%A9%22.txt", 200,
            "< Content-Disposition: attachment; filename=\"__.txt\"; filename*=UTF-8''%C3%A9%22.txt"),
        new(
            "a file name injects no field", "GET /resources/10?filename=a%0d%0aX-Evil:%201", 200, "<! X-Evil",
            "<~ Content-Disposition: aX-Evil"),
        new(
            "a file name injects no quote", "GET /resources/10?filename=a%22;%20x=%22b", 200,
            "<~ Content-Disposition: filename=\"a_; x=_b\""),
        new(
            "a file name leads to no folder", "GET /resources/10?filename=../../etc/passwd", 200,
            "<~ Content-Disposition: filename=\"passwd\""),
        new("no file name, no field", "GET /resources/12", 200, "<! Content-Disposition"),
        new("Want-Repr-Digest", "GET /resources/10", 200, "> Want-Repr-Digest: sha-256=9", "< Repr-Digest: sha-256=:{sha256 0123456789}:"),
        new(
            "Want-Repr-Digest for another algorithm", "GET /resources/10", 200, "> Want-Repr-Digest: sha-512=9",
            "< Repr-Digest: sha-256=:{sha256 0123456789}:"),
        new("Want-Repr-Digest that refuses", "GET /resources/10", 200, "> Want-Repr-Digest: sha-256=0", "<! Repr-Digest"),
        new(
            "Want-Repr-Digest that is malformed", "GET /resources/10", 200, "> Want-Repr-Digest: =",
            "< Repr-Digest: sha-256=:{sha256 0123456789}:"),
        new("Want-Digest", "GET /resources/10", 200, "> Want-Digest: SHA-256;q=1, MD5;q=0.1", "< Digest: SHA-256={sha256 0123456789}"),
        new("Want-Digest that refuses", "GET /resources/10", 200, "> Want-Digest: SHA-256;q=0.0", "<! Digest"),
        new("Want-Digest for another algorithm", "GET /resources/10", 200, "> Want-Digest: MD5", "<! Digest"),
        new(
            "the digest is that of the whole", "GET /resources/10", 206, "> Range: bytes=0-1",
            "< Repr-Digest: sha-256=:{sha256 0123456789}:"),
        new("only-if-cached, here", "GET /resources/10", 200, "> Cache-Control: only-if-cached", "< Cache-Status: rain; hit"),
        new("only-if-cached, not here", "GET /resources/77", 504, "> Cache-Control: only-if-cached", "! not-cached"),
        new("no-cache, no server", "GET /resources/10", 404, "> Cache-Control: no-cache", "! not-found"),
        new("Pragma without Cache-Control", "GET /resources/10", 404, "> Pragma: no-cache", "! not-found"),
        new("Pragma beside Cache-Control", "GET /resources/10", 200, "> Pragma: no-cache", "> Cache-Control: max-age=0"),
        new("service worker", "GET /resources/10", 403, "> Service-Worker: script", "! service-worker"),
        new("service worker on the 2012 path", "GET /10", 403, "> Service-Worker: script", "! service-worker"),
        new("CORS is off", "GET /resources/10", 200, "> Origin: https://app.example", "<! Access-Control-Allow-Origin"),
        new(
            "CORS for a page that is named", "GET /resources/10", 200, "on the limited gateway", "> Origin: https://app.example",
            "< Access-Control-Allow-Origin: https://app.example", "<~ Vary: Origin", "<~ Access-Control-Expose-Headers: ETag",
            "<~ Access-Control-Expose-Headers: Content-Range", "<~ Access-Control-Expose-Headers: Accept-Ranges",
            "<~ Access-Control-Expose-Headers: Repr-Digest", "<~ Access-Control-Expose-Headers: Server-Timing",
            "<~ Access-Control-Expose-Headers: Location", "<~ Access-Control-Expose-Headers: Upload-Offset"),
        new(
            "CORS for another page", "GET /resources/10", 200, "on the limited gateway", "> Origin: https://evil.example",
            "<! Access-Control-Allow-Origin"),
        new(
            "CORS preflight", "OPTIONS /resources/10", 204, "on the limited gateway", "> Origin: https://app.example",
            "> Access-Control-Request-Method: PUT", "> Access-Control-Request-Headers: content-type",
            "< Access-Control-Allow-Origin: https://app.example", "<~ Access-Control-Allow-Methods: PUT"),
        new(
            "a problem for a tool", "GET /resources/x", 400, "> Accept: */*", "! invalid-resource-id", "=~ \"instance\":\"/resources/x\"",
            "=~ \"traceId\":\"", "=~ \"retryable\":false"),
        new(
            "a problem for a browser", "GET /resources/x", 400, "> Accept: text/html,application/xhtml+xml", "<~ Content-Type: text/html",
            "=~ <h1>400", "=~ <!doctype html>"),
        new("a problem for a page's script", "GET /resources/x", 400, "> Accept: application/json, text/html", "! invalid-resource-id"),
        new(
            "a problem escapes what it repeats", "GET /resources/%3Cscript%3E", 400, "> Accept: text/html", "=~ &lt;script&gt;",
            "<~ Content-Security-Policy: default-src 'none'"),
        new(
            "traceparent", "GET /resources/x", 400, "> traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            "=~ \"traceId\":\"0af7651916cd43dd8448eb211c80319c\""),
        new("a path that leads nowhere", "GET /resources/10/nothing", 404, "! not-found"),
    ];
}
