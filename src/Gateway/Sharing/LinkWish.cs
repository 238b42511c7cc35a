using System.Text.Json;
using Gateway.Files;
using Gateway.Http;
using PouringRain.Protocol;
using PouringRain.Protocol.Naming;

namespace Gateway.Sharing;

/// <summary>What a link is to be for. Either path or id.</summary>
/// <param name="Path">The name, as images/disk.iso; what it is called later is read then.</param>
/// <param name="Id">The resource's id.</param>
/// <param name="Seconds">How long the link lasts: 1 to 31622400 (366 days); a day if it is not said.</param>
/// <param name="Once">Whether it is for one download.</param>
/// <example>{ "path": "images/disk.iso", "id": null, "seconds": 3600, "once": false }</example>
internal sealed record LinkWish(string? Path, string? Id, long? Seconds, bool? Once)
{
    private const int BytesMax = 16 * 1024;
    private const long SecondsDefault = 24 * 60 * 60, SecondsMax = 366 * SecondsDefault;

    /// <summary>Reads the body of a request.</summary>
    public static Task<(LinkRequest? Wish, Problem? Problem)> ReadAsync(HttpRequest request) =>
        JsonBody.ReadAsync(request, BytesMax, "A link", Read);

    private static LinkRequest Read(JsonElement body)
    {
        var wish = new LinkWish(null, null, null, null);
        foreach (var property in body.EnumerateObject())
        {
            wish = (property.Name, property.Value.ValueKind) switch
            {
                ("path" or "id" or "seconds" or "once", JsonValueKind.Null) => wish,
                ("path", JsonValueKind.String) => wish with { Path = property.Value.GetString() },
                ("id", JsonValueKind.String) => wish with { Id = property.Value.GetString() },
                ("id", JsonValueKind.Number) => wish with { Id = property.Value.GetRawText() },
                ("seconds", JsonValueKind.Number) when property.Value.TryGetInt64(out var seconds) && seconds is >= 1 and <= SecondsMax =>
                    wish with { Seconds = seconds },
                ("once", JsonValueKind.True or JsonValueKind.False) => wish with { Once = property.Value.GetBoolean() },
                _ => throw new FormatException(
                    $"'{property.Name}' means nothing here, or not this: path and id are strings, seconds is 1 to {SecondsMax}, once true "
                    + "or false."),
            };
        }

        if (wish.Path is null == wish.Id is null)
        {
            throw new FormatException("A link is for one path or one id.");
        }

        var life = TimeSpan.FromSeconds(wish.Seconds ?? SecondsDefault);
        if (wish.Path is { } path)
        {
            return FilePath.TryReadTarget(path, "", out var name) is { } wrong ? throw new FormatException(wrong.Detail)
                : new LinkRequest(ResourcePath.IdOf(name), name, life, wish.Once == true);
        }

        return ResourceId.TryParse(wish.Id, out var id) ? new LinkRequest(id, null, life, wish.Once == true)
            : throw new FormatException("id is to be an unsigned 64-bit number.");
    }
}
