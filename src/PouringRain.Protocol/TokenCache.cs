namespace PouringRain.Protocol;

/// <summary>Address tokens that servers gave to this process, so that a later fetch starts raining in one round trip. Bounded; the
/// token least recently used goes first. Thread-safe.</summary>
public sealed class TokenCache
{
}
