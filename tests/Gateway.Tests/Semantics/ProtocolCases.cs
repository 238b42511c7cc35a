namespace Gateway.Tests.Semantics;

/// <summary>Methods, versions of HTTP and messages that are wrong as such.</summary>
internal static class ProtocolCases
{
    public static IEnumerable<HttpCase> All { get; } =
    [
        new("HTTP/1.0", "GET /resources/10 HTTP/1.0", 200, "< Connection: close", "< Content-Length: 10", "= 0123456789"),
        new("HTTP/1.0 with keep-alive", "GET /resources/10 HTTP/1.0", 200, "> Connection: keep-alive", "< Connection: keep-alive", "= 0123456789"),
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
        new("an unknown transfer coding", "PUT {new}", 400, "> Transfer-Encoding: gzip"),
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
        new("OPTIONS of an upload", "OPTIONS /uploads/x", 204, "< Allow: DELETE, GET, HEAD, PATCH", "< Accept-Patch: application/partial-upload"),
        new("OPTIONS of the server", "OPTIONS *", 204),
        new("the problem types are there to be read", "GET /problems/digest-mismatch", 200, "=~ \"status\":400"),
    ];
}
