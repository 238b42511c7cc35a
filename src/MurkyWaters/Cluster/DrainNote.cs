using System.Globalization;
using System.Text;
using Microsoft.Extensions.Logging;
using MurkyWaters.Store;
using PouringRain.Protocol;

namespace MurkyWaters.Cluster;

/// <summary>Where the wish that a node be drained is kept.</summary>
internal enum DrainOrigin
{
    /// <summary>Nobody wishes it.</summary>
    None,

    /// <summary>On the node itself.</summary>
    Node,

    /// <summary>In the registry; the node has noted that it is.</summary>
    Registry,
}

/// <summary>The file <c>drain</c> of the store: the node's id and <c>none</c>, <c>node</c> or <c>registry</c>, so that the wish outlives
/// the process, also while the registry is away. It is of this node: in a store that was copied it says nothing.</summary>
internal sealed class DrainNote(StoreFiles files, NodeId node, ILogger logger)
{
    private string Path => System.IO.Path.Combine(files.Root, "drain");

    /// <summary>Reads it; what is no such note is set aside.</summary>
    /// <exception cref="IOException">It cannot be read.</exception>
    public DrainOrigin Read()
    {
        if (!StoreFiles.Exists(Path))
        {
            return DrainOrigin.None;
        }

        var words = StoreFiles.ReadText(Path).Trim().Split(' ');
        if (words.Length == 2 && NodeId.TryParse(words[0], out var id) && words[1].All(char.IsAsciiLetterLower)
            && Enum.TryParse<DrainOrigin>(words[1], ignoreCase: true, out var origin))
        {
            return id == node ? origin : DrainOrigin.None;
        }

        ClusterLog.NoteUnreadable(logger, Path);
        files.TryQuarantine(Path);
        return DrainOrigin.None;
    }

    /// <summary>Writes it, for good.</summary>
    /// <exception cref="StoreException">The disk does not take it.</exception>
    public void Write(DrainOrigin origin) =>
        files.Replace(Path, Encoding.ASCII.GetBytes($"{node} {origin.ToString().ToLower(CultureInfo.InvariantCulture)}\n"));
}
