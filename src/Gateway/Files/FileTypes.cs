using Microsoft.AspNetCore.StaticFiles;

namespace Gateway.Files;

/// <summary>The media type of what comes without one, as <c>curl -T</c> sends it, by its name.</summary>
internal static class FileTypes
{
    private static readonly FileExtensionContentTypeProvider Known = new()
    {
        Mappings = { [".md"] = "text/markdown", [".iso"] = "application/x-iso9660-image", [".qcow2"] = "application/x-qemu-disk" },
    };

    /// <summary>The media type; null when the name tells none.</summary>
    public static string? Of(string name) => Known.TryGetContentType(name, out var type) ? type : null;
}
