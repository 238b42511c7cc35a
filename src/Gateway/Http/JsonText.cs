using System.Text.Encodings.Web;
using System.Text.Json;

namespace Gateway.Http;

/// <summary>How JSON looks on a terminal: quotes as <c>\"</c>, letters of all languages as they are, and a newline at the end.</summary>
internal static class JsonText
{
    /// <summary>Writes what HTML would take for its own as it is: the answers are JSON and say so, with <c>nosniff</c>.</summary>
    public static JavaScriptEncoder Encoder => JavaScriptEncoder.UnsafeRelaxedJsonEscaping;

    /// <summary>A value of an enumeration as JSON has it.</summary>
    public static string Word<T>(T value)
        where T : struct, Enum => JsonNamingPolicy.CamelCase.ConvertName(value.ToString());

    /// <summary>Ends every document that the framework writes with a newline. Stored bytes of that media type have a length and are left
    /// alone, as is what was written whole by its length.</summary>
    public static async Task EndWithNewlineAsync(HttpContext http, RequestDelegate next)
    {
        await next(http);
        var response = http.Response;
        if (response is { HasStarted: true, ContentLength: null } && !HttpMethods.IsHead(http.Request.Method)
            && !http.RequestAborted.IsCancellationRequested
            && response.ContentType?.StartsWith("application/json", StringComparison.OrdinalIgnoreCase) == true)
        {
            await response.Body.WriteAsync("\n"u8.ToArray(), CancellationToken.None);
        }
    }
}
