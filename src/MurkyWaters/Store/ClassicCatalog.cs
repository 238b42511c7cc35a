using PouringRain.Protocol;
using PouringRain.Protocol.Classic;

namespace MurkyWaters.Store;

/// <summary>What clients of 2012 may be rained: whatever is here whole and small enough.</summary>
internal sealed class ClassicCatalog(ResourceStore store) : IClassicCatalog
{
    public bool TryRead(ResourceId resource, out ReadOnlyMemory<byte> bytes)
    {
        bytes = default;
        if (store.FindEntry(resource) is not { Blob: { Length: <= ClassicFormat.LengthMax } blob } entry)
        {
            return false;
        }

        var whole = new byte[blob.Length];
        try
        {
            blob.Read(0, whole);
        }
        catch (IOException)
        {
            return false;
        }

        entry.Touch();
        bytes = whole;
        return true;
    }
}
