namespace PouringRain.Protocol;

/// <summary>A fetch's part of a ceiling, which those of its sources that rain share equally.</summary>
internal sealed class PathCeiling(FetchCeilingShare? share, List<FetchPath> paths)
{
    /// <summary>Whether the fetch has been held by it.</summary>
    public bool HasHeld { get; private set; }

    /// <summary>Bytes of datagrams a second that one source may send; <see cref="long.MaxValue"/> for as many as it can.</summary>
    public long RateOfOne
    {
        get
        {
            if (share is not { IsHeld: true })
            {
                return long.MaxValue;
            }

            HasHeld = true;
            var raining = 0;
            foreach (var path in paths)
            {
                raining += path.IsRaining ? 1 : 0;
            }

            return share.RateBytesPerSecond / Math.Max(1, raining);
        }
    }
}
