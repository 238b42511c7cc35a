namespace Gateway.Tests.Semantics;

/// <summary>Ranges (RFC 9110 §14) and If-Range (§13.1.5).</summary>
internal static class RangeCases
{
    private const string Whole = "= 0123456789";

    public static IEnumerable<HttpCase> All { get; } =
    [
        Part("closed", "bytes=2-4", "bytes 2-4/10", "234"),
        Part("first byte", "bytes=0-0", "bytes 0-0/10", "0"),
        Part("last byte", "bytes=9-9", "bytes 9-9/10", "9"),
        Part("open", "bytes=3-", "bytes 3-9/10", "3456789"),
        Part("open from the beginning", "bytes=0-", "bytes 0-9/10", "0123456789"),
        Part("suffix", "bytes=-3", "bytes 7-9/10", "789"),
        Part("suffix longer than the whole", "bytes=-99", "bytes 0-9/10", "0123456789"),
        Part("end clamped", "bytes=8-99", "bytes 8-9/10", "89"),
        Part("end beyond all numbers", "bytes=8-99999999999999999999999999", "bytes 8-9/10", "89"),
        Part("unit in capitals", "BYTES=2-4", "bytes 2-4/10", "234"),
        Part("spaces in the list", "bytes= 2-4 ", "bytes 2-4/10", "234"),
        Part("empty elements of the list", "bytes=,2-4,,", "bytes 2-4/10", "234"),
        Part("touching ranges are one", "bytes=2-3,4-5", "bytes 2-5/10", "2345"),
        Part("overlapping ranges are one", "bytes=2-5,4-6", "bytes 2-6/10", "23456"),
        Part("one of two can be", "bytes=2-4,50-60", "bytes 2-4/10", "234"),
        Part("one of two can be, suffix", "bytes=50-,-2", "bytes 8-9/10", "89"),
        Not("beyond the end", "bytes=10-"),
        Not("far beyond the end", "bytes=99999999999999999999999999-"),
        Not("suffix of nothing", "bytes=-0"),
        Not("all beyond", "bytes=10-,20-30"),
        Ignored("backwards", "bytes=4-2"),
        Ignored("no numbers", "bytes=-"),
        Ignored("no ranges", "bytes="),
        Ignored("letters", "bytes=a-b"),
        Ignored("sign", "bytes=+1-2"),
        Ignored("two dashes", "bytes=1-2-3"),
        Ignored("no dash", "bytes=5"),
        Ignored("hexadecimal", "bytes=0x1-0x2"),
        Ignored("another unit", "seconds=1-2"),
        Ignored("no unit", "1-2"),
        Ignored("one of two malformed", "bytes=1-2,x"),
        Ignored("more in sum than the whole", "bytes=0-,0-"),
        Ignored("sum beyond the whole by overlap", "bytes=0-8,1-9"),
        Ignored("257 ranges", "bytes=" + string.Join(',', Enumerable.Repeat("0-0", 257))),
        new("two Range fields are none", "GET /resources/10", 200, "> Range: bytes=0-1", "> Range: bytes=2-3", Whole),
        new("a range of nothing", "GET /resources/11", 200, "> Range: bytes=0-0", "< Content-Length: 0", "<! Content-Range"),
        new("a suffix of nothing there", "GET /resources/11", 200, "> Range: bytes=-5", "< Content-Length: 0"),
        new(
            "a part has the fields of the whole", "GET /resources/10", 206, "> Range: bytes=0-1", "< ETag: {etag}",
            "< Last-Modified: {modified}",
            "< Cache-Control: no-cache, no-transform", "< Accept-Ranges: bytes", "< Content-Type: text/plain", "< Content-Length: 2",
            "< Content-Security-Policy: sandbox; default-src 'none'", "< X-Content-Type-Options: nosniff", "<! Vary"),
        new(
            "two parts", "GET /resources/10", 206, "> Range: bytes=0-1,5-6", "<~ Content-Type: multipart/byteranges; boundary=",
            "<! Content-Range",
            "=~ \r\nContent-Type: text/plain\r\nContent-Range: bytes 0-1/10\r\n\r\n01\r\n--",
            "=~ \r\nContent-Range: bytes 5-6/10\r\n\r\n56\r\n--", "< ETag: {etag}"),
        new(
            "parts in the order asked for", "GET /resources/10", 206, "> Range: bytes=8-9,0-1", "=~ 8-9/10\r\n\r\n89\r\n--",
            "=~ 0-1/10\r\n\r\n01\r\n--"),
        new(
            "a suffix beside a range", "GET /resources/10", 206, "> Range: bytes=0-0,-1", "=~ bytes 0-0/10\r\n\r\n0\r\n--",
            "=~ bytes 9-9/10\r\n\r\n9\r\n--"),
        new(
            "256 parts", "GET /resources/12", 206,
            "> Range: bytes=" + string.Join(',', Enumerable.Range(0, 256).Select(i => $"{i * 1000}-{(i * 1000) + 9}")),
            "=~ bytes 0-9/300000", "=~ bytes 255000-255009/300000"),
        new(
            "20 parts as zsync asks", "GET /resources/12", 206,
            "> Range: bytes=" + string.Join(',', Enumerable.Range(0, 20).Select(i => $"{i * 8192}-{(i * 8192) + 2047}")),
            "=~ bytes 155648-157695/300000"),
        IfRange("strong tag", 206, "{etag}"),
        IfRange("weak tag", 200, "W/{etag}"),
        IfRange("another tag", 200, "\"another\""),
        IfRange("tag without quotes", 200, "another"),
        IfRange("any", 200, "*"),
        IfRange("exact date", 206, "{modified}"),
        IfRange("earlier date", 200, "{earlier}"),
        IfRange("later date", 200, "{later}"),
        IfRange("no date", 200, "yesterday"),
        new(
            "If-Range of another version hides a range that cannot be", "GET /resources/10", 200, "> Range: bytes=99-",
            "> If-Range: \"another\"", Whole),
        new(
            "If-Range of this version lets 416 be", "GET /resources/10", 416, "> Range: bytes=99-", "> If-Range: {etag}",
            "< Content-Range: bytes */10"),
        new("If-Range without Range", "GET /resources/10", 200, "> If-Range: {etag}", Whole),
    ];

    private static HttpCase Part(string name, string range, string contentRange, string body) =>
        new(
            $"range: {name}", "GET /resources/10", 206, $"> Range: {range}", $"< Content-Range: {contentRange}",
            $"< Content-Length: {body.Length}", $"= {body}");

    private static HttpCase Not(string name, string range) =>
        new($"range: {name}", "GET /resources/10", 416, $"> Range: {range}", "< Content-Range: bytes */10", "! range-not-satisfiable");

    private static HttpCase Ignored(string name, string range) =>
        new($"range: {name}", "GET /resources/10", 200, $"> Range: {range}", "<! Content-Range", Whole);

    private static HttpCase IfRange(string name, int status, string value) =>
        new(
            $"If-Range: {name}", "GET /resources/10", status, "> Range: bytes=2-4", $"> If-Range: {value}",
            status == 206 ? "= 234" : Whole);
}
