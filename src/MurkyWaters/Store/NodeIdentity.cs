using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Logging;
using PouringRain.Protocol;

namespace MurkyWaters.Store;

/// <summary>Who the node is: 32 hexadecimal digits in the file <c>node</c> of the store, drawn when there is none. It belongs to the bytes,
/// not to the machine: a store that moves takes it along, and one that is copied must leave it behind.</summary>
internal static class NodeIdentity
{
    /// <summary>Reads it, or draws it.</summary>
    public static NodeId ReadOrDraw(StoreFiles files, ILogger logger)
    {
        var path = Path.Combine(files.Root, "node");
        if (StoreFiles.Exists(path))
        {
            if (NodeId.TryParse(StoreFiles.ReadText(path).Trim(), out var known))
            {
                return known;
            }

            StoreLog.IdentityUnreadable(logger, path);
        }

        var drawn = NodeId.FromDrawn(RandomNumberGenerator.GetBytes(Bits128.SizeBytes));
        files.Replace(path, Encoding.ASCII.GetBytes($"{drawn}\n"));
        return drawn;
    }
}
