using System.Text.Json;

namespace Gateway.Http;

/// <summary>Reads a body that is one small JSON object.</summary>
internal static class JsonBody
{
    /// <summary>Reads it.</summary>
    /// <param name="request">The request.</param>
    /// <param name="bytesMax">Bytes that it may have.</param>
    /// <param name="what">What is asked for with it, as the beginning of a sentence.</param>
    /// <param name="read">Makes sense of the object; a <see cref="FormatException"/> says what is wrong with it.</param>
    /// <param name="ofNothing">What an empty body means; null when it means nothing.</param>
    /// <returns>What it says, or the problem.</returns>
    public static async Task<(T? Wish, Problem? Problem)> ReadAsync<T>(
        HttpRequest request, int bytesMax, string what, Func<JsonElement, T> read, T? ofNothing = null)
        where T : class
    {
        var buffer = new byte[bytesMax + 1];
        var length = await request.Body.ReadAtLeastAsync(
            buffer, buffer.Length, throwOnEndOfStream: false, request.HttpContext.RequestAborted);
        if (length > bytesMax)
        {
            return (null, new Problem(ProblemType.TooLarge, $"{what} is asked for in {bytesMax} bytes at most."));
        }

        if (length == 0 && ofNothing is not null)
        {
            return (ofNothing, null);
        }

        try
        {
            using var document = JsonDocument.Parse(buffer.AsMemory(0, length));
            return document.RootElement.ValueKind == JsonValueKind.Object ? (read(document.RootElement), null)
                : (null, new Problem(ProblemType.InvalidParameter, "The body is no JSON object."));
        }
        catch (JsonException)
        {
            return (null, new Problem(ProblemType.InvalidParameter, "The body is no JSON object."));
        }
        catch (FormatException wrong)
        {
            return (null, new Problem(ProblemType.InvalidParameter, wrong.Message));
        }
    }
}
