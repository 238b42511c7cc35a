using Gateway.Http;

namespace Gateway.Connections;

/// <summary>Refuses bodies in transfer codings that are not undone here: the server takes off the last one, which has to be
/// chunked, and hands out what is below it as if it were the bytes.</summary>
internal static class TransferCodings
{
    private const string Chunked = "chunked";

    public static Task CheckAsync(HttpContext http, RequestDelegate next)
    {
        var field = http.Request.Headers.TransferEncoding;
        if (field.Count == 0 || (field is [var only] && string.Equals(only, Chunked, StringComparison.OrdinalIgnoreCase) && !IsOld(http)))
        {
            return next(http);
        }

        // Where the message ends is not sure any more, so nothing that follows is read.
        http.Response.Headers.Connection = "close";
        if (IsOld(http))
        {
            return new Problem(ProblemType.BadRequest, "HTTP/1.0 knows no Transfer-Encoding (RFC 9112 §6.1).").ExecuteAsync(http);
        }

        var codings = field.SelectMany(
            line => line!.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)).ToList();
        var others = codings.Where(coding => !string.Equals(coding, Chunked, StringComparison.OrdinalIgnoreCase)).ToList();
        return others.Count == 0 && codings.Count == 1 ? next(http)
            : others.Count == 0
                ? new Problem(ProblemType.BadRequest, "Transfer-Encoding: chunked is applied once (RFC 9112 §6.1).").ExecuteAsync(http)
                : new Problem(
                    ProblemType.UnknownTransferCoding, $"Transfer-Encoding: {string.Join(", ", others)} is not understood, only chunked.")
                    .ExecuteAsync(http);
    }

    private static bool IsOld(HttpContext http) => HttpProtocol.IsHttp10(http.Request.Protocol);
}
