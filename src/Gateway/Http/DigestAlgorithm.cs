using System.Collections.Immutable;
using System.Security.Cryptography;

namespace Gateway.Http;

/// <summary>A hash that digest fields may name.</summary>
/// <param name="Name">Its key in RFC 9530.</param>
/// <param name="SizeBytes">Bytes of a digest.</param>
/// <param name="Hash">The framework's hash.</param>
internal sealed record DigestAlgorithm(string Name, int SizeBytes, HashAlgorithmName Hash)
{
    public static readonly DigestAlgorithm Sha256 = new("sha-256", SHA256.HashSizeInBytes, HashAlgorithmName.SHA256);

    private const string OfInstance = "id-";

    /// <summary>Every one that is checked, best first. The last two tell of accidents
    /// alone, which is what their senders are after.</summary>
    public static ImmutableArray<DigestAlgorithm> All { get; } =
    [
        Sha256,
        new("sha-512", SHA512.HashSizeInBytes, HashAlgorithmName.SHA512),
        new("sha", SHA1.HashSizeInBytes, HashAlgorithmName.SHA1),
        new("md5", MD5.HashSizeInBytes, HashAlgorithmName.MD5),
    ];

    /// <summary>Their names, for people.</summary>
    public static string Names { get; } = string.Join(", ", All.Select(algorithm => algorithm.Name));

    /// <summary>The MD5.</summary>
    public static DigestAlgorithm Md5 => All[^1];

    /// <summary>The one of a name, in either case, or null. RFC 5843's <c>id-sha-256</c> is
    /// the same where no content coding is taken.</summary>
    public static DigestAlgorithm? Find(string name)
    {
        var bare = name.StartsWith(OfInstance, StringComparison.OrdinalIgnoreCase) ? name[OfInstance.Length..] : name;
        return All.FirstOrDefault(algorithm => algorithm.Name.Equals(bare, StringComparison.OrdinalIgnoreCase));
    }
}
