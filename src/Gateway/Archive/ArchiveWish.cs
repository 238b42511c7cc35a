using System.Text.Json;
using Gateway.Http;

namespace Gateway.Archive;

/// <summary>How a resource is to be archived.</summary>
/// <param name="Code">The coding: rapidraid (the default), or rapidraid-2012; or parts: none yet, but parts that a chain of nodes can
/// encode.</param>
/// <param name="Force">Whether it is to be done although less is survived than the coding can do, as with fewer than 16 nodes.</param>
/// <example>{ "code": "rapidraid", "force": false }</example>
internal sealed record ArchiveWish(string? Code, bool Force)
{
    private const int BytesMax = 4096;

    /// <summary>Reads the body of a request, which may be empty.</summary>
    public static Task<(ArchiveWish? Wish, Problem? Problem)> ReadAsync(HttpRequest request) =>
        JsonBody.ReadAsync(request, BytesMax, "An archive job", Read, ofNothing: new ArchiveWish(null, false));

    private static ArchiveWish Read(JsonElement body)
    {
        var (code, force) = ((string?)null, false);
        foreach (var property in body.EnumerateObject())
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
                    throw new FormatException(
                        $"'{property.Name}' means nothing here, or not this: code is a string, force true or false.");
            }
        }

        return new ArchiveWish(code, force);
    }
}
