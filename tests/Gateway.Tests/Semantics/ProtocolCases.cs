namespace Gateway.Tests.Semantics;

/// <summary>Methods, versions of HTTP and messages that are wrong as such.</summary>
internal static class ProtocolCases
{
    public static IEnumerable<HttpCase> All { get; } =
    [
        new("HTTP/1.0", "GET /resources/10 HTTP/1.0", 200, "< Connection: close", "< Content-Length: 10", "= 0123456789"),
        new(
            "HTTP/1.0 with keep-alive", "GET /resources/10 HTTP/1.0", 200, "> Connection: keep-alive", "< Connection: keep-alive",
            "= 0123456789"),
        new("HTTP/1.0 without Host", "GET /resources/10 HTTP/1.0", 200, "> -Host", "= 0123456789"),
        new("HTTP/1.0 with a range", "GET /resources/10 HTTP/1.0", 206, "> Range: bytes=0-1", "= 01"),
        new("HTTP/1.0 PUT", "PUT {new} HTTP/1.0", 201, "+hello"),
        new("HTTP/1.1 without Host", "GET /resources/10", 400, "> -Host"),
        new("HTTP/1.1 that closes", "GET /resources/10", 200, "> Connection: close", "< Connection: close", "= 0123456789"),
        new("HTTP/1.1 keeps the connection", "GET /resources/10", 200, "<! Connection"),
        new("another version", "GET /resources/10 HTTP/3.7", 505),
        new("a request line that is none", "GET", 400),
        new("a field with a space before the colon", "GET /resources/10", 400, "> Range : bytes=0-1"),
        new("a field without colon", "GET /resources/10", 400, "> nonsense"),
        new("a length that is none", "PUT {new}", 400, "> Content-Length: x"),
        new("a negative length", "PUT {new}", 400, "> Content-Length: -1"),
        new("two lengths", "PUT {new}", 400, "> Content-Length: 1", "> Content-Length: 2"),
        new("a length with a plus", "PUT {new}", 400, "> Content-Length: +5", "+hello"),
        new("a length of minus nothing", "PUT {new}", 400, "> Content-Length: -0"),
        new("a length with a fraction", "PUT {new}", 400, "> Content-Length: 5.0", "+hello"),
        new("a length in hexadecimal", "PUT {new}", 400, "> Content-Length: 0x5", "+hello"),
        new("a length with a space in it", "PUT {new}", 400, "> Content-Length: 5 5", "+hello"),
        new("lengths with a comma", "PUT {new}", 400, "> Content-Length: 5, 5", "+hello"),
        new("an empty length", "PUT {new}", 400, "> Content-Length: ", "+hello"),
        new("a length with leading zeros", "PUT {new}", 201, "> Content-Length: 005", "+hello"),
        new("a length with many leading zeros", "PUT {new}", 201, "> Content-Length: 00000000000000000000000000000005", "+hello"),
        new("a length of 19 digits that is none", "PUT {new}", 400, "> Content-Length: 9999999999999999999"),
        new("a length of 30 digits", "PUT {new}", 400, "> Content-Length: 100000000000000000000000000000"),
        new("a length of 30 digits, the first a plus", "PUT {new}", 400, "> Content-Length: +00000000000000000000000000005"),
        new("a length in digits of Latin-1", "PUT {new}", 400, "> Content-Length: \u00b2\u00b2", "+hello"),
        new("an unknown transfer coding", "PUT {new}", 400, "> Transfer-Encoding: gzip"),
        new(
            "a known transfer coding below chunked", "PUT {new}", 501, "> Transfer-Encoding: gzip, chunked",
            "+3\\r\\nabc\\r\\n0\\r\\n\\r\\n", "! unknown-transfer-coding", "< Connection: close"),
        new(
            "an unknown transfer coding below chunked", "PUT {new}", 501, "> Transfer-Encoding: xyz, chunked",
            "+3\\r\\nabc\\r\\n0\\r\\n\\r\\n", "! unknown-transfer-coding", "< Connection: close"),
        new(
            "a transfer coding below chunked, in lines", "PUT {new}", 501, "> Transfer-Encoding: gzip", "> Transfer-Encoding: chunked",
            "+3\\r\\nabc\\r\\n0\\r\\n\\r\\n", "! unknown-transfer-coding"),
        new(
            "identity is a coding no more", "PUT {new}", 501, "> Transfer-Encoding: identity, chunked", "+3\\r\\nabc\\r\\n0\\r\\n\\r\\n",
            "! unknown-transfer-coding"),
        new(
            "chunked twice", "PUT {new}", 400, "> Transfer-Encoding: chunked, chunked", "+3\\r\\nabc\\r\\n0\\r\\n\\r\\n", "! bad-request",
            "< Connection: close"),
        new(
            "chunked twice, in lines", "PUT {new}", 400, "> Transfer-Encoding: chunked", "> Transfer-Encoding: chunked",
            "+3\\r\\nabc\\r\\n0\\r\\n\\r\\n", "! bad-request"),
        new(
            "a chunk larger than can be counted", "PUT {new}", 400, "> Transfer-Encoding: chunked",
            "+FFFFFFFFFFFFFFFF\\r\\nabc\\r\\n0\\r\\n\\r\\n", "! incomplete-body"),
        new(
            "a chunk beyond 31 bits", "PUT {new}", 400, "> Transfer-Encoding: chunked", "+80000000\\r\\nabc\\r\\n0\\r\\n\\r\\n",
            "! incomplete-body"),
        new("chunked in capitals", "PUT {new}", 201, "> Transfer-Encoding: Chunked", "+3\\r\\nabc\\r\\n0\\r\\n\\r\\n", "=~ \"length\":3"),
        new(
            "chunked with an empty element", "PUT {new}", 201, "> Transfer-Encoding: , chunked", "+3\\r\\nabc\\r\\n0\\r\\n\\r\\n",
            "=~ \"length\":3"),
        new(
            "a transfer coding with HTTP/1.0", "PUT {new} HTTP/1.0", 400, "> Transfer-Encoding: chunked", "+3\\r\\nabc\\r\\n0\\r\\n\\r\\n",
            "! bad-request", "< Connection: close"),
        new(
            "a transfer coding of a read", "GET /resources/10", 501, "> Transfer-Encoding: gzip, chunked", "+0\\r\\n\\r\\n",
            "! unknown-transfer-coding"),
        new("Latin-1 in a cookie", "GET /resources/10", 200, "> Cookie: name=J\u00f6rg", "= 0123456789"),
        new("Latin-1 in the name of a program", "GET /resources/10", 200, "> User-Agent: Br\u00fclls/1.0", "= 0123456789"),
        new("Latin-1 in the page that led here", "GET /resources/10", 200, "> Referer: http://gateway.example/\u00e4", "= 0123456789"),
        new("Latin-1 in a field of nobody", "GET /resources/10", 200, "> X-Name: \u00ff\u0080", "= 0123456789"),
        new("Latin-1 in an entity tag", "GET /resources/10", 200, "> If-None-Match: \"\u00e4\"", "= 0123456789"),
        new("Latin-1 in a key that nobody wants", "PUT {new}", 201, "> Authorization: Bearer \u00e4", "+hello"),
        new("Latin-1 in the name of a field", "GET /resources/10", 400, "> X-N\u00e4me: 1"),
        new("a file name in Latin-1", "PUT {new}", 201, "> Content-Disposition: attachment; filename=\"J\u00f6rg.txt\"", "+hello"),
        new("a file name in UTF-8", "PUT {new}", 201, "> Content-Disposition: attachment; filename=\"J\u00c3\u00b6rg.txt\"", "+hello"),
        new("a target in absolute form", "GET http://gateway.example/resources/10", 200, "= 0123456789"),
        new(
            "a target in absolute form goes before Host", "GET http://gateway.example/resources/10", 200, "> Host: other.example",
            "= 0123456789"),
        new(
            "a target in absolute form with a port", "PUT http://gateway.example:8080{new}", 201, "> Host: other.example:1",
            "> Origin: http://gateway.example:8080", "+hello"),
        new("a Host that is none", "GET /resources/10", 400, "> Host: a b"),
        new("two Hosts", "GET /resources/10", 400, "> Host: a", "> Host: b"),
        new("fields beyond all measure", "GET /resources/10", 431, "> X-Long: " + new string('x', 40_000)),
        new("a request line beyond all measure", "GET /resources/" + new string('1', 9_000), 414),
        new("POST to a resource", "POST /resources/10", 405, "+x", "< Allow: DELETE, GET, HEAD, PUT", "! method-not-allowed"),
        new("PATCH of a resource", "PATCH /resources/10", 405, "+x", "< Allow: DELETE, GET, HEAD, PUT", "! method-not-allowed"),
        new("PUT to the list", "PUT /resources", 405, "+x", "< Allow: GET, HEAD, POST", "! method-not-allowed"),
        new("DELETE of the list", "DELETE /resources", 405, "< Allow: GET, HEAD, POST", "! method-not-allowed"),
        new("DELETE on the 2012 path", "DELETE /10", 405, "<~ Allow: GET", "! method-not-allowed"),
        new("PUT of the health", "PUT /health/live", 405, "< Allow: GET, HEAD", "! method-not-allowed"),
        new("POST of the metrics", "POST /metrics", 405, "< Allow: GET, HEAD", "! method-not-allowed"),
        new("an invented method", "BREW /resources/10", 405, "< Allow: DELETE, GET, HEAD, PUT", "! method-not-allowed"),
        new("TRACE is off", "TRACE /resources/10", 405, "> X-Secret: 1", "! method-not-allowed"),
        new("TRACE of the page is off", "TRACE /", 405, "> X-Secret: 1", "< Allow: GET, HEAD", "! method-not-allowed"),
        new("POST to the page", "POST /", 405, "+x", "< Allow: GET, HEAD", "! method-not-allowed"),
        new("OPTIONS of the page", "OPTIONS /", 204, "< Allow: GET, HEAD"),
        new("CONNECT leads nowhere", "CONNECT gateway.example:80", 404, "> Host: gateway.example:80"),
        new("OPTIONS of a resource", "OPTIONS /resources/10", 204, "< Allow: DELETE, GET, HEAD, PUT", "<~ Upload-Limit: max-age="),
        new("OPTIONS of the list", "OPTIONS /resources", 204, "< Allow: GET, HEAD, POST", "<~ Upload-Limit: max-age="),
        new(
            "OPTIONS of an upload", "OPTIONS /uploads/x", 204, "< Allow: DELETE, GET, HEAD, PATCH",
            "< Accept-Patch: application/partial-upload, application/offset+octet-stream"),
        new("OPTIONS of the server", "OPTIONS *", 204),
        new("the problem types are there to be read", "GET /problems/digest-mismatch", 200, "=~ \"status\":400"),
    ];
}
