using System.Text;

namespace MurkyWaters.Store;

/// <summary>What tells one run of the machine from the next: as long as it is the same, everything written to a file is read back from
/// the page cache in the order in which it was written, whatever became of the processes.</summary>
internal static class BootId
{
    /// <summary>Bytes of an id in a journal.</summary>
    public const int SizeBytes = 64;

    private const string LinuxPath = "/proc/sys/kernel/random/boot_id";

    /// <summary>The id of this run, or empty where the system tells none (then nothing is taken on trust).</summary>
    public static string Current { get; } = Read();

    /// <summary>The form in a journal: ASCII, zero-padded.</summary>
    public static byte[] Encode(string id)
    {
        var bytes = new byte[SizeBytes];
        Encoding.ASCII.GetBytes(id.AsSpan(0, Math.Min(id.Length, SizeBytes)), bytes);
        return bytes;
    }

    private static string Read()
    {
        try
        {
            return StoreFiles.Exists(LinuxPath) ? StoreFiles.ReadText(LinuxPath).Trim() : "";
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return "";
        }
    }
}
