using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using MurkyWaters.Store;
using PouringRain.Protocol;

namespace MurkyWaters.Backing;

/// <summary>
/// Names of objects: <c>bodies/DIGEST</c> has the bytes that have this tree digest (<see cref="TreeDigest"/>), whichever resources they
/// belong to, and <c>manifests/ID/AGE-VERSION</c> what a version is, as a <see cref="ResourceRecord"/>. AGE is what is left from the stamp
/// to the end of all stamps, so that the newest version of an id is the first in the list; all are hexadecimal.
/// </summary>
internal static class BackEndNames
{
    private const int AgeDigits = 16;

    /// <summary>The object with the bytes of a version.</summary>
    public static string BodyOf(Manifest manifest) => $"bodies/{TreeDigest.Of(manifest)}";

    /// <summary>What the names of an id's manifests begin with.</summary>
    public static string ManifestsOf(ResourceId id) => string.Create(CultureInfo.InvariantCulture, $"manifests/{id.Value:x16}/");

    /// <summary>The object that says what a version is.</summary>
    public static string ManifestOf(ResourceId id, Manifest manifest) => string.Create(
        CultureInfo.InvariantCulture, $"{ManifestsOf(id)}{Manifest.TombstoneStampMax - manifest.Stamp:x16}-{manifest.Version}");

    /// <summary>Whether a name is one of a manifest, and what it says.</summary>
    public static bool TryParse(string name, string prefix, out long stamp, out Sha256Digest version)
    {
        (stamp, version) = (0, default);
        var rest = name.AsSpan(prefix.Length);
        if (rest.Length <= AgeDigits || rest[AgeDigits] != '-' || !Sha256Digest.TryParseHex(rest[(AgeDigits + 1)..], out version)
            || !long.TryParse(rest[..AgeDigits], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var age)
            || age is < 0 or > Manifest.TombstoneStampMax)
        {
            return false;
        }

        stamp = Manifest.TombstoneStampMax - age;
        return true;
    }

    /// <summary>Reads what an object of a name has; false when that is not what its name says.</summary>
    public static bool TryRead(ResourceId id, string name, ReadOnlySpan<byte> bytes, [NotNullWhen(true)] out Manifest? manifest)
    {
        manifest = ResourceRecord.TryParse(bytes, out var record) && record.Id == id && ManifestOf(id, record.Manifest) == name
            ? record.Manifest
            : null;
        return manifest is not null;
    }
}
