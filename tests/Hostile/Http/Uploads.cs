using System.Globalization;

namespace Hostile.Http;

/// <summary>Uploads in several requests.</summary>
internal static class Uploads
{
    /// <summary>Begins one without a byte.</summary>
    /// <param name="user">Who.</param>
    /// <param name="id">Of which resource.</param>
    /// <param name="length">How long it will be, or null when that is not told.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <returns>The status, and the path of the upload if there is one.</returns>
    public static async Task<(int Status, string? Path)> TryBeginAsync(User user, ulong id, long? length, CancellationToken cancellation)
    {
        List<(string, string)> fields = [("Upload-Complete", "?0")];
        if (length is { } known)
        {
            fields.Add(("Upload-Length", known.ToString(CultureInfo.InvariantCulture)));
        }

        var created = await user.SendAsync("PUT", User.Resource(id), [], fields, cancellation);
        return (created.Status, created.Status == 201 ? created.Fields?.Location?.ToString() : null);
    }

    /// <summary>Begins one without a byte; its path.</summary>
    /// <exception cref="InvalidOperationException">It is refused.</exception>
    public static async Task<string> BeginAsync(User user, ulong id, long? length, CancellationToken cancellation)
    {
        var (status, path) = await TryBeginAsync(user, id, length, cancellation);
        return path ?? throw new InvalidOperationException($"no upload begins: {status}");
    }

    /// <summary>Sends a part.</summary>
    public static Task<Answer> AppendAsync(
        User user, string path, byte[] part, long offset, bool isLast, CancellationToken cancellation) =>
        user.SendAsync(
            "PATCH", path, part,
            [
                ("Content-Type", "application/partial-upload"), ("Upload-Offset", offset.ToString(CultureInfo.InvariantCulture)),
                ("Upload-Complete", isLast ? "?1" : "?0"),
            ],
            cancellation);

    /// <summary>Where it stands; -1 when it does not say.</summary>
    public static async Task<long> OffsetAsync(User user, string path, CancellationToken cancellation)
    {
        var head = await user.SendAsync("HEAD", path, null, [], cancellation);
        return head.Fields is { } fields && fields.TryGetValues("Upload-Offset", out var values)
            ? long.Parse(values.First(), CultureInfo.InvariantCulture) : -1;
    }
}
