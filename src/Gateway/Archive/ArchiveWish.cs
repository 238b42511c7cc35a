using System.Text.Json;
using Gateway.Http;

namespace Gateway.Archive;

/// <summary>How a resource is to be archived.</summary>
/// <param name="Code">The coding: rapidraid (the default), or rapidraid-2012.</param>
/// <param name="Force">Whether it is to be done although less is survived than the coding can do, as with fewer than 16 nodes.</param>
/// <example>{ "code": "rapidraid", "force": false }</example>
internal sealed record ArchiveWish(string? Code, bool Force)
{
    private const int BytesMax = 4096;

    /// <summary>Reads the body of a request, which may be empty.</summary>
    public static async Task<(ArchiveWish? Wish, Problem? Problem)> ReadAsync(HttpRequest request)
    {
        var buffer = new byte[BytesMax + 1];
        var length = await request.Body.ReadAtLeastAsync(
            buffer, buffer.Length, throwOnEndOfStream: false, request.HttpContext.RequestAborted);
        if (length > BytesMax)
        {
            return (null, new Problem(ProblemType.TooLarge, $"An archive job is asked for in {BytesMax} bytes at most."));
        }

        if (length == 0)
        {
            return (new ArchiveWish(null, false), null);
        }

        try
        {
            using var document = JsonDocument.Parse(buffer.AsMemory(0, length));
            var (code, force) = ((string?)null, false);
            if (document.RootElement.ValueKind != JsonValueKind.Object)
            {
                return (null, Wrong("The body is no JSON object."));
            }

            foreach (var property in document.RootElement.EnumerateObject())
            {
                switch (property.Name, property.Value.ValueKind)
                {
                    case ("code" or "force", JsonValueKind.Null):
                        break;
                    case ("code", JsonValueKind.String):
                        code = property.Value.GetString();
                        break;
                    case ("force", JsonValueKind.True or JsonValueKind.False):
                        force = property.Value.GetBoolean();
                        break;
                    default:
                        return (null, Wrong($"'{property.Name}' means nothing here, or not this: code is a string, force true or false."));
                }
            }

            return (new ArchiveWish(code, force), null);
        }
        catch (JsonException)
        {
            return (null, Wrong("The body is no JSON object."));
        }
    }

    private static Problem Wrong(string detail) => new(ProblemType.InvalidParameter, detail);
}
