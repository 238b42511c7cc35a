namespace PouringRain.Network;

/// <summary>Where the time of a fetch went, up to now.</summary>
/// <param name="FirstDroplet">From its start to its first droplet; null before.</param>
/// <param name="Verifying">Time of all threads that took the digests of its blocks.</param>
public readonly record struct FetchTimes(TimeSpan? FirstDroplet, TimeSpan Verifying);
