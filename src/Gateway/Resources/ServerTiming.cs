using System.Globalization;
using PouringRain.Network;

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

    /// <summary>What the fetch says of its own time: it may have begun, and verified blocks, before this request came.</summary>
    public FetchTimes? Rain { get; set; }

    /// <summary>Of a resource that is in pieces, how many of those could not be had: -1 while none was looked for; null for any
    /// other.</summary>
    public int? MissingPieces { get; set; }

    public void AddTo(IHeaderDictionary headers)
    {
        // How long sending takes is known only when no header can be sent any more; the log has the whole.
        var rain = Entry("first-droplet", Rain?.FirstDroplet) + Entry("decode", _isHit ? null : Decoding)
            + Entry("verify", Rain?.Verifying) + (MissingPieces is not { } missing ? ""
                : missing < 0 ? ", archived" : string.Create(CultureInfo.InvariantCulture, $", archived;desc=\"missing={missing}\""));
        var (cache, opening) = _isHit ? ("hit", "open") : ("miss", "discover");
        headers["Server-Timing"] = string.Create(
            CultureInfo.InvariantCulture, $"cache;desc={cache}, {opening};dur={_opening.TotalMilliseconds:F1}{rain}");
    }

    private static string Entry(string name, TimeSpan? time) =>
        time is null ? "" : string.Create(CultureInfo.InvariantCulture, $", {name};dur={time.Value.TotalMilliseconds:F1}");
}
