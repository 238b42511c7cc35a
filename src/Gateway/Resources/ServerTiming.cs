using System.Globalization;

namespace Gateway.Resources;

/// <summary>Where the time until the first byte went, for the <c>Server-Timing</c> field.</summary>
internal sealed class ServerTiming
{
    private readonly bool _isHit;
    private readonly TimeSpan _opening;

    /// <param name="isHit">Whether the resource was here.</param>
    /// <param name="opening">Until the manifest was known: reading it here, or finding servers and raining it.</param>
    public ServerTiming(bool isHit, TimeSpan opening)
    {
        _isHit = isHit;
        _opening = opening;
    }

    /// <summary>From the manifest to the first verified bytes: droplets, decoding and the digest's check.</summary>
    public TimeSpan? Decoding { get; set; }

    public void AddTo(IHeaderDictionary headers)
    {
        var decoding = Decoding is { } time && !_isHit ? string.Create(CultureInfo.InvariantCulture, $", decode;dur={time.TotalMilliseconds:F1}") : "";
        var (cache, opening) = _isHit ? ("hit", "open") : ("miss", "discover");
        headers["Server-Timing"] = string.Create(
            CultureInfo.InvariantCulture, $"cache;desc={cache}, {opening};dur={_opening.TotalMilliseconds:F1}{decoding}");
    }
}
