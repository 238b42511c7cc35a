using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace PouringRain.Protocol.Naming;

/// <summary>
/// Names of resources: relative paths as <see cref="Manifest.IsPath"/> has them, in Unicode's form C. A name needs no directory: its id
/// is the first 64 bits of the SHA-256 of its UTF-8, and the manifest has the name, so that whoever asks by it knows what came.
/// </summary>
public static class ResourcePath
{
    /// <summary>The id of what has a name.</summary>
    public static ResourceId IdOf(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        return new ResourceId(Sha256Digest.Of(Encoding.UTF8.GetBytes(path)).Tag);
    }

    /// <summary>Brings what somebody calls a resource into the one form; false when it can be no name.</summary>
    public static bool TryNormalize(string? text, [NotNullWhen(true)] out string? path)
    {
        // Looked at before as well: the form of what is no text is not defined, and of what is too long nobody needs it.
        path = Manifest.IsPath(text) ? CanonicalForm.Compose(text) : null;
        if (!Manifest.IsPath(path))
        {
            path = null;
        }

        return path is not null;
    }

    /// <summary>As <see cref="TryNormalize"/>, of a folder: empty for the uppermost, else with a slash at the end.</summary>
    public static bool TryNormalizeFolder(string? text, [NotNullWhen(true)] out string? folder)
    {
        folder = text is "" ? "" : text is [.., '/'] && TryNormalize(text[..^1], out var path) ? path + '/' : null;
        return folder is not null;
    }

    /// <summary>Whether a version is what its path says it is when it is found under an id.</summary>
    public static bool IsNamed(ResourceId id, [NotNullWhen(true)] string? path) => path is not null && IdOf(path) == id;

    /// <summary>What is behind the last slash.</summary>
    public static string NameOf(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        return path[(path.LastIndexOf('/') + 1)..];
    }
}
