using MurkyWaters;

namespace Gateway.Sharing;

/// <summary>A link, as it is told.</summary>
/// <param name="Id">By which it is revoked: 16 hexadecimal digits.</param>
/// <param name="Url">Where anybody reads it, a path of this gateway; null but for when it is made.</param>
/// <param name="Resource">The resource's id.</param>
/// <param name="Path">The name it is read under; null when it is read by its id.</param>
/// <param name="Created">When it was made.</param>
/// <param name="Expires">When it ends.</param>
/// <param name="Once">Whether it is for one download.</param>
/// <param name="Used">Since when that is under way or over; null when it is not.</param>
/// <example>
/// { "id": "9f86d081884c7d65", "url": "/s/AQAAAAAAAAAAAAAAAAAAAAGfhtCBiEx9ZQDFt19dGXh62K1Xm9Q3a0s", "resource": "14247291274171807448",
/// "path": "images/disk.iso", "created": "2026-11-24T10:00:00Z", "expires": "2026-11-24T11:00:00Z", "once": false, "used": null }
/// </example>
internal sealed record LinkView(
    string Id, string? Url, string Resource, string? Path,
    DateTimeOffset Created, DateTimeOffset Expires, bool Once, DateTimeOffset? Used)
{
    public static LinkView Of(ShareLink link, string? url = null) =>
        new(link.Id, url, link.Resource.ToString(), link.Path, link.Created, link.Expires, link.IsOnce, link.Used);
}
