using PouringRain.Protocol;

namespace MurkyWaters;

/// <summary>Leave for anybody who has its token to read one resource for a while.</summary>
/// <param name="Id">Its name: 16 hexadecimal digits, by which it is revoked. It is not the token.</param>
/// <param name="Resource">The resource.</param>
/// <param name="Path">The resource's name under which it is read; null when it is read by its id.</param>
/// <param name="Created">When it was made.</param>
/// <param name="Expires">When it ends.</param>
/// <param name="IsOnce">Whether it is for one download.</param>
/// <param name="Used">When the one download began; null when it has not, or when there may be many.</param>
/// <param name="User">Whose client began it, as of <see cref="PeerAddress.Network"/>.</param>
public sealed record ShareLink(
    string Id, ResourceId Resource, string? Path, DateTimeOffset Created, DateTimeOffset Expires, bool IsOnce,
    DateTimeOffset? Used = null, Bits128 User = default);
