namespace Gateway.Tests.Semantics;

/// <summary>PUT, POST and DELETE.</summary>
internal static class WriteCases
{
    public static IEnumerable<HttpCase> All { get; } =
    [
        new(
            "PUT of something new", "PUT {new}", 201, "+hello", "< Location: {new}", "< Repr-Digest: sha-256=:{sha256 hello}:",
            "<~ ETag: \"", "=~ \"length\":5"),
        new("PUT replaces", "PUT {old}", 200, "+hello", "=~ \"length\":5"),
        new("PUT of the same", "PUT {old}", 200, "> Content-Type: text/plain", "+old", "=~ \"length\":3"),
        new(
            "PUT in chunks", "PUT {new}", 201, "> Transfer-Encoding: chunked", "+3\\r\\nabc\\r\\n2\\r\\nde\\r\\n0\\r\\n\\r\\n",
            "=~ \"length\":5"),
        new("PUT of nothing", "PUT {new}", 201, "> Content-Length: 0", "=~ \"length\":0"),
        new("PUT without length or body is one of nothing", "PUT {new}", 201, "=~ \"length\":0"),
        new("PUT on the 2012 path", "PUT /424242", 200, "+hello", "=~ {\"response\":\"Ok.\"}", "< Location: /resources/424242"),
        new(
            "PUT on the 2012 path that must find it new, and does", "PUT /424243", 200, "> If-None-Match: *", "+hello",
            "=~ {\"response\":\"Ok.\"}"),
        new("PUT on the 2012 path under a wrong id", "PUT /x", 400, "+hello", "! invalid-resource-id"),
        new("PUT on the 2012 path of a part", "PUT /424244", 201, "> Upload-Complete: ?0", "+hello", "<~ Location: /uploads/"),
        new("PUT under a wrong id", "PUT /resources/x", 400, "+hello", "! invalid-resource-id"),
        new("PUT of a part", "PUT {new}", 400, "> Content-Range: bytes 0-4/10", "+hello", "! partial-put"),
        new(
            "PUT with a coding", "PUT {new}", 415, "> Content-Encoding: gzip", "+hello", "! unsupported-media",
            "< Accept-Encoding: identity"),
        new("PUT with the identity coding", "PUT {new}", 201, "> Content-Encoding: identity", "+hello"),
        new("PUT with a wrong media type", "PUT {new}", 400, "> Content-Type: nonsense", "+hello", "! invalid-parameter"),
        new("PUT with its digest", "PUT {new}", 201, "> Content-Digest: sha-256=:{sha256 hello}:", "+hello"),
        new("PUT with its Repr-Digest", "PUT {new}", 201, "> Repr-Digest: sha-256=:{sha256 hello}:", "+hello"),
        new("PUT with another digest", "PUT {new}", 400, "> Content-Digest: sha-256=:{sha256 other}:", "+hello", "! digest-mismatch"),
        new(
            "PUT with contradicting digests", "PUT {new}", 400, "> Content-Digest: sha-256=:{sha256 hello}:",
            "> Repr-Digest: sha-256=:{sha256 other}:", "+hello", "! digest-mismatch"),
        new("PUT with a digest that cannot be read", "PUT {new}", 400, "> Content-Digest: sha-256=hello", "+hello", "! invalid-digest"),
        new("PUT with a digest of the wrong length", "PUT {new}", 400, "> Content-Digest: sha-512=:AAAA:", "+hello", "! invalid-digest"),
        new(
            "PUT with a digest that nobody can check", "PUT {new}", 400, "> Content-Digest: crc32c=:AAAA:", "+hello", "! invalid-digest",
            "=~ sha-256, sha-512, sha, md5"),
        new(
            "PUT with one digest that can be checked and one that cannot", "PUT {new}", 201,
            "> Repr-Digest: crc32c=:AAAA:, sha-256=:{sha256 hello}:", "+hello"),
        new("PUT with its SHA-512", "PUT {new}", 201, "> Repr-Digest: sha-512=:{sha512 hello}:", "+hello"),
        new("PUT with another SHA-512", "PUT {new}", 400, "> Repr-Digest: sha-512=:{sha512 other}:", "+hello", "! digest-mismatch"),
        new(
            "PUT with its SHA-1 and another MD5", "PUT {new}", 400, "> Content-Digest: sha=:{sha1 hello}:, md5=:{md5 other}:", "+hello",
            "! digest-mismatch"),
        new("PUT with its Content-MD5", "PUT {new}", 201, "> Content-MD5: {md5 hello}", "+hello"),
        new("PUT with another Content-MD5", "PUT {new}", 400, "> Content-MD5: {md5 other}", "+hello", "! digest-mismatch"),
        new(
            "PUT with a Content-MD5 that cannot be read", "PUT {new}", 400, "> Content-MD5: 5d41402abc4b2a76b9719d911017c592", "+hello",
            "! invalid-digest"),
        new(
            "PUT with its Digest of RFC 3230", "PUT {new}", 201,
            "> Digest: SHA-256={sha256 hello},md5={md5 hello}, SHA={sha1 hello},id-sha-512={sha512 hello}", "+hello"),
        new("PUT with another Digest of RFC 3230", "PUT {new}", 400, "> Digest: SHA-256={sha256 other}", "+hello", "! digest-mismatch"),
        new(
            "PUT with another SHA-512 in Digest", "PUT {new}", 400, "> Digest: UNIXsum=30637, sha-512={sha512 other}", "+hello",
            "! digest-mismatch"),
        new("PUT with a Digest that nobody can check", "PUT {new}", 400, "> Digest: UNIXsum=30637", "+hello", "! invalid-digest"),
        new(
            "PUT with contradicting MD5s", "PUT {new}", 400, "> Content-MD5: {md5 hello}", "> Digest: md5={md5 other}", "+hello",
            "! digest-mismatch"),
        new(
            "PUT with its digest in a trailer",
            "PUT {new}", 201, "> Transfer-Encoding: chunked", "> Trailer: Content-Digest", "+5\\r\\nhello\\r\\n0\\r\\nContent-Digest: "
            + "sha-512=:m3HSJL1i83hdltRq0+o9czGb+8KJDKra4t/3JRlnPKcjI8PZm6XBHXx6zG4UuMXaDEZjR1wuXDre9G9zvN7AQw==:\\r\\n\\r\\n"),
        new(
            "PUT with another digest in a trailer", "PUT {new}", 400, "> Transfer-Encoding: chunked", "> Trailer: Content-Digest",
            "+5\\r\\nhello\\r\\n0\\r\\nContent-Digest: sha-256=:n4bQgYhMfWWaL+qgxVrQFaO/TxsrC4Is0V1sFbDwCgg=:\\r\\n\\r\\n",
            "! digest-mismatch"),
        new(
            "PUT with a digest in a trailer that was not announced", "PUT {new}", 400, "> Transfer-Encoding: chunked",
            "+5\\r\\nhello\\r\\n0\\r\\nContent-Digest: sha-256=:n4bQgYhMfWWaL+qgxVrQFaO/TxsrC4Is0V1sFbDwCgg=:\\r\\n\\r\\n",
            "! invalid-digest"),
        new("PUT only if new, new", "PUT {new}", 201, "> If-None-Match: *", "+hello"),
        new("PUT only if new, not new", "PUT {old}", 412, "> If-None-Match: *", "+hello", "! precondition-failed"),
        new("PUT only over another version", "PUT {old}", 412, "> If-Match: \"another\"", "+hello", "! precondition-failed"),
        new("PUT only over any, one there", "PUT {old}", 200, "> If-Match: *", "+hello"),
        new("PUT only over any, none there", "PUT {new}", 412, "> If-Match: *", "+hello", "! precondition-failed"),
        new(
            "PUT only if not changed since", "PUT {old}", 412, "> If-Unmodified-Since: Sat, 01 Jan 2000 00:00:00 GMT", "+hello",
            "! precondition-failed"),
        new("PUT reads over If-Modified-Since", "PUT {old}", 200, "> If-Modified-Since: Sat, 01 Jan 2050 00:00:00 GMT", "+hello"),
        new("PUT with an unknown code", "PUT {new}?code=turbo", 400, "+hello", "! invalid-parameter"),
        new("PUT with LT", "PUT {new}?code=lt", 201, "+hello", "=~ \"code\":\"lt\""),
        new("PUT with wrong replicas", "PUT {new}?replicas=0", 400, "+hello", "! invalid-parameter"),
        new("PUT of too much", "PUT {new}", 413, "on the limited gateway", "> Content-Length: 101", "! too-large"),
        new(
            "PUT of too much in chunks", "PUT {new}", 413, "on the limited gateway", "> Transfer-Encoding: chunked",
            "+65\\r\\n" + new string('x', 101) + "\\r\\n0\\r\\n\\r\\n", "! too-large"),
        new("PUT of just enough", "PUT {new}", 201, "on the limited gateway", "+" + new string('x', 100)),
        new(
            "the checks come before 100 Continue: length", "PUT {new}", 413, "on the limited gateway", "> Content-Length: 101",
            "> Expect: 100-continue", "! too-large"),
        new(
            "the checks come before 100 Continue: id", "PUT /resources/x", 400, "> Content-Length: 5", "> Expect: 100-continue",
            "! invalid-resource-id"),
        new(
            "the checks come before 100 Continue: precondition", "PUT {old}", 412, "> Content-Length: 5", "> Expect: 100-continue",
            "> If-None-Match: *", "! precondition-failed"),
        new(
            "the checks come before 100 Continue: digest field", "PUT {new}", 400, "> Content-Length: 5", "> Expect: 100-continue",
            "> Content-Digest: x", "! invalid-digest"),
        new("100 Continue when all is well", "PUT {new}", 100, "> Content-Length: 5", "> Expect: 100-continue"),
        new("a chunk that is malformed", "PUT {new}", 400, "> Transfer-Encoding: chunked", "+zz\\r\\nabc\\r\\n", "! incomplete-body"),
        new(
            "POST takes the id from the content", "POST /resources", 201, "+hello", "< Location: /resources/3238736544897475342",
            "=~ \"id\":\"3238736544897475342\""),
        new("POST only if new, not new", "POST /resources", 412, "> If-None-Match: *", "for {posted}", "+posted", "! precondition-failed"),
        new("POST only over any, none there", "POST /resources", 412, "> If-Match: *", "+not there", "! precondition-failed"),
        new("PUT of a form", "PUT {new}", 415, "> Content-Type: multipart/form-data; boundary=x", "+hello", "! unsupported-media"),
        new(
            "PUT under the name of a file", "PUT /resources/notes.md", 400, "+hello", "! invalid-resource-id",
            "=~ curl -T FILE .../files/"),
        new(
            "an upload of tus", "POST /resources", 201, "> Tus-Resumable: 1.0.0", "> Upload-Length: 5", "> Content-Length: 0",
            "< Tus-Resumable: 1.0.0"),
        new(
            "an upload of an earlier tus", "POST /resources", 412, "> Tus-Resumable: 0.2.2", "> Upload-Length: 5", "> Content-Length: 0",
            "! unsupported-upload-protocol", "< Tus-Version: 1.0.0", "<! Location"),
        new("PUT of tus", "PUT {new}", 412, "> Tus-Resumable: 1.0.0", "+hello", "! unsupported-upload-protocol"),
        new("OPTIONS of tus", "OPTIONS /resources", 204, "> Tus-Resumable: 1.0.0", "< Tus-Version: 1.0.0"),
        new("HEAD of tus", "HEAD /uploads/0", 404, "> Tus-Resumable: 1.0.0"),
        new(
            "PATCH of tus", "PATCH /uploads/0", 404, "> Tus-Resumable: 1.0.0", "> Content-Type: application/offset+octet-stream", "+x",
            "! not-found"),
        new(
            "an upload of draft -03", "POST /resources", 412, "> Upload-Draft-Interop-Version: 5", "> Upload-Complete: ?0",
            "! unsupported-upload-protocol", "=~ -05"),
        new(
            "an upload of draft -05", "POST /resources", 201, "> Upload-Draft-Interop-Version: 6", "> Upload-Complete: ?0",
            "<~ Location: /uploads/"),
        new(
            "an upload of a later draft", "POST /resources", 201, "> Upload-Draft-Interop-Version: 8", "> Upload-Complete: ?0",
            "<~ Location: /uploads/"),
        new(
            "an upload of a draft before -03", "POST /resources", 412, "> Upload-Incomplete: ?1", "+hello",
            "! unsupported-upload-protocol"),
        new(
            "Upload-Length alone must be that of the body", "POST /resources", 400, "> Upload-Length: 500", "> Content-Length: 0",
            "=~ inconsistent-upload-length"),
        new(
            "Upload-Length alone must be that of a body in chunks", "PUT {new}", 400, "> Upload-Length: 500",
            "> Transfer-Encoding: chunked", "+3\\r\\nabc\\r\\n0\\r\\n\\r\\n", "! incomplete-body"),
        new("an upload does not begin in the middle", "PUT {new}", 400, "> Upload-Offset: 5", "+hello", "! invalid-parameter"),
        new("POST of a form", "POST /resources", 415, "> Content-Type: multipart/form-data; boundary=x", "+hello", "! unsupported-media"),
        new("POST of a part", "POST /resources", 400, "> Content-Range: bytes 0-4/10", "+hello", "! partial-put"),
        new("DELETE", "DELETE {old}", 204),
        new("DELETE of nothing", "DELETE {new}", 404, "! not-found"),
        new("DELETE of another version", "DELETE {old}", 412, "> If-Match: \"another\"", "! precondition-failed"),
        new(
            "PUT from a page of another origin", "PUT {new}", 403, "> Origin: https://evil.example", "> Sec-Fetch-Site: cross-site",
            "+hello", "! cross-site"),
        new("PUT from a page that is named", "PUT {new}", 201, "on the limited gateway", "> Origin: https://app.example", "+hello"),
        new(
            "PUT from the gateway's own page", "PUT {new}", 201, "> Origin: http://gateway.example", "> Sec-Fetch-Site: same-origin",
            "+hello"),
        new(
            "an upload begun", "PUT {new}", 201, "> Upload-Complete: ?0", "< Upload-Offset: 0", "< Upload-Complete: ?0",
            "<~ Location: /uploads/", "< Cache-Control: no-store"),
        new("an upload begun with a malformed field", "PUT {new}", 400, "> Upload-Complete: yes", "! invalid-parameter"),
        new(
            "PATCH of an upload that is not there", "PATCH /uploads/0", 404, "> Upload-Offset: 0", "> Upload-Complete: ?1",
            "> Content-Type: application/partial-upload", "+x", "! not-found"),
        new("HEAD of an upload that is not there", "HEAD /uploads/0", 404),
    ];
}
