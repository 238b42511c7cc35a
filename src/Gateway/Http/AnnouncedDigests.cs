using System.Collections.Immutable;
using PouringRain.Protocol;

namespace Gateway.Http;

/// <summary>Digests that a sender announced of one and the same run of bytes.</summary>
internal sealed class AnnouncedDigests
{
    private readonly ImmutableDictionary<DigestAlgorithm, byte[]> _values;

    private AnnouncedDigests(ImmutableDictionary<DigestAlgorithm, byte[]> values) => _values = values;

    /// <summary>None.</summary>
    public static AnnouncedDigests None { get; } = new(ImmutableDictionary<DigestAlgorithm, byte[]>.Empty);

    /// <summary>Whether there is none.</summary>
    public bool IsEmpty => _values.IsEmpty;

    /// <summary>By which hashes.</summary>
    public IEnumerable<DigestAlgorithm> Algorithms => _values.Keys;

    /// <summary>The SHA-256, which the store checks.</summary>
    public Sha256Digest? Sha256 => _values.TryGetValue(DigestAlgorithm.Sha256, out var bytes) ? Sha256Digest.Read(bytes) : null;

    /// <summary>All but the SHA-256.</summary>
    public AnnouncedDigests Others => new(_values.Remove(DigestAlgorithm.Sha256));

    /// <summary>With one more; null when another of that hash was announced.</summary>
    public AnnouncedDigests? With(DigestAlgorithm algorithm, byte[] value) =>
        !_values.TryGetValue(algorithm, out var known) ? new(_values.Add(algorithm, value))
            : known.AsSpan().SequenceEqual(value) ? this
            : null;

    /// <summary>Both together; null when they contradict each other.</summary>
    public AnnouncedDigests? With(AnnouncedDigests others)
    {
        var all = this;
        foreach (var (algorithm, value) in others._values)
        {
            if (all.With(algorithm, value) is not { } more)
            {
                return null;
            }

            all = more;
        }

        return all;
    }

    /// <summary>Whether bytes have the digest that was announced.</summary>
    public bool Match(DigestAlgorithm algorithm, ReadOnlySpan<byte> digest) => !_values.TryGetValue(algorithm, out var value)
        || digest.SequenceEqual(value);

    /// <summary>Names and base64.</summary>
    public IReadOnlyDictionary<string, string> Write() =>
        _values.ToDictionary(pair => pair.Key.Name, pair => Convert.ToBase64String(pair.Value));

    /// <summary>Reads what <see cref="Write"/> has written.</summary>
    public static AnnouncedDigests Read(IReadOnlyDictionary<string, string> written) =>
        new(written.ToImmutableDictionary(pair => DigestAlgorithm.Find(pair.Key)!, pair => Convert.FromBase64String(pair.Value)));
}
