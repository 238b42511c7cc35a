namespace Gateway.Tests.Semantics;

/// <summary>Conditional requests (RFC 9110 §13), each alone and in the order of §13.2.2.</summary>
internal static class ConditionCases
{
    public static IEnumerable<HttpCase> All { get; } =
    [
        Get("If-None-Match, this version", 304, "If-None-Match: {etag}"),
        Get("If-None-Match, weakly this version", 304, "If-None-Match: W/{etag}"),
        Get("If-None-Match, another version", 200, "If-None-Match: \"another\""),
        Get("If-None-Match, one of several", 304, "If-None-Match: \"a\", {etag}, \"b\""),
        Get("If-None-Match in two fields", 304, "If-None-Match: \"a\"", "If-None-Match: {etag}"),
        Get("If-None-Match, any", 304, "If-None-Match: *"),
        Get("If-None-Match, malformed", 200, "If-None-Match: another"),
        Get("If-Match, this version", 200, "If-Match: {etag}"),
        Get("If-Match, weakly this version", 412, "If-Match: W/{etag}"),
        Get("If-Match, another version", 412, "If-Match: \"another\""),
        Get("If-Match, one of several", 200, "If-Match: \"a\", {etag}"),
        Get("If-Match, any", 200, "If-Match: *"),
        Get("If-Modified-Since, that time", 304, "If-Modified-Since: {modified}"),
        Get("If-Modified-Since, later", 304, "If-Modified-Since: {later}"),
        Get("If-Modified-Since, later in the form of RFC 850", 304, "If-Modified-Since: {later850}"),
        Get("If-Modified-Since, earlier", 200, "If-Modified-Since: {earlier}"),
        Get("If-Modified-Since, no date", 200, "If-Modified-Since: yesterday"),
        Get("If-Unmodified-Since, that time", 200, "If-Unmodified-Since: {modified}"),
        Get("If-Unmodified-Since, later", 200, "If-Unmodified-Since: {later}"),
        Get("If-Unmodified-Since, earlier", 412, "If-Unmodified-Since: {earlier}"),
        Get("If-Unmodified-Since, no date", 200, "If-Unmodified-Since: yesterday"),
        Get("If-Match holds, If-Unmodified-Since is not read", 200, "If-Match: {etag}", "If-Unmodified-Since: {earlier}"),
        Get("If-Match fails before If-None-Match", 412, "If-Match: \"another\"", "If-None-Match: {etag}"),
        Get("If-Match holds, If-None-Match says 304", 304, "If-Match: {etag}", "If-None-Match: {etag}"),
        Get("If-None-Match fails, If-Modified-Since is not read", 200, "If-None-Match: \"another\"", "If-Modified-Since: {later}"),
        Get("If-None-Match holds, If-Modified-Since is not read", 304, "If-None-Match: {etag}", "If-Modified-Since: {earlier}"),
        Get("If-Unmodified-Since fails before If-Modified-Since", 412, "If-Unmodified-Since: {earlier}", "If-Modified-Since: {later}"),
        Get("If-Unmodified-Since holds, If-None-Match says 304", 304, "If-Unmodified-Since: {later}", "If-None-Match: {etag}"),
        Get("304 goes before a range", 304, "If-None-Match: {etag}", "Range: bytes=0-1"),
        Get("304 goes before a range that cannot be", 304, "If-None-Match: {etag}", "Range: bytes=99-"),
        Get("412 goes before a range that cannot be", 412, "If-Match: \"another\"", "Range: bytes=99-"),
        Get(
            "conditions, If-Range and Range together", 206, "If-Match: {etag}", "If-None-Match: \"another\"", "If-Range: {etag}",
            "Range: bytes=0-1"),
        new("304 in HEAD", "HEAD /resources/10", 304, "> If-None-Match: {etag}", "< ETag: {etag}"),
        new("412 in HEAD", "HEAD /resources/10", 412, "> If-Match: \"another\""),
        new(
            "304 carries what it must", "GET /resources/10", 304, "> If-None-Match: {etag}", "< ETag: {etag}",
            "< Cache-Control: no-cache, no-transform",
            "< Last-Modified: {modified}", "<~ Date: GMT", "<! Content-Type", "<! Content-Range"),
        new("412 is a problem", "GET /resources/10", 412, "> If-Match: \"another\"", "! precondition-failed"),
        new("a condition on what is missing", "GET /resources/77", 404, "> If-None-Match: *", "! not-found"),
    ];

    private static HttpCase Get(string name, int status, params string[] fields) =>
        new(
            name, "GET /resources/10", status,
            [.. fields.Select(field => $"> {field}"), .. status == 200 ? (string[])["= 0123456789"] : []]);
}
