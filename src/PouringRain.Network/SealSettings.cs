namespace PouringRain.Network;

/// <summary>The secrets of a sealed socket; see <see cref="Protocol.Sealing.SealedFormat"/>.</summary>
/// <remarks>
/// A secret is changed without a pause in three rounds over all nodes, each of which may take any time: accept the new one too, send
/// with the new one and accept the old one too, accept the new one alone.
/// </remarks>
public sealed class SealSettings
{
    /// <summary>Makes the settings.</summary>
    /// <param name="secret">What is sent is sealed with this one; it is accepted too.</param>
    /// <param name="acceptedToo">Further secrets that what comes may be sealed with.</param>
    /// <exception cref="ArgumentException">A secret is empty.</exception>
    public SealSettings(ReadOnlyMemory<byte> secret, params IEnumerable<ReadOnlyMemory<byte>> acceptedToo)
    {
        ArgumentNullException.ThrowIfNull(acceptedToo);
        Secret = secret;
        Accepted = [secret, .. acceptedToo];
        if (Accepted.Any(accepted => accepted.IsEmpty))
        {
            throw new ArgumentException("A secret may not be empty.");
        }
    }

    /// <summary>What is sent is sealed with this one.</summary>
    public ReadOnlyMemory<byte> Secret { get; }

    /// <summary>All that what comes may be sealed with.</summary>
    public IReadOnlyList<ReadOnlyMemory<byte>> Accepted { get; }

    /// <summary>What the sockets that are sealed with these settings dropped.</summary>
    public SealAccount Account { get; } = new();
}
