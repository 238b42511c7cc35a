using System.Text;
using System.Text.Json;

namespace MurkyWaters.Engines.Etcd;

/// <summary>A key and its value.</summary>
/// <param name="Key">The key.</param>
/// <param name="Value">The value; anything at all.</param>
/// <param name="CreateRevision">Of its creation.</param>
/// <param name="ModRevision">Of its last change.</param>
/// <param name="Lease">The lease that it ends with; 0 for none.</param>
internal sealed record EtcdEntry(string Key, byte[] Value, long CreateRevision, long ModRevision, long Lease)
{
    /// <summary>The entries of an answer to a range request.</summary>
    public static List<EtcdEntry> ReadAll(JsonElement range) =>
        [.. range.FindList("kvs").Select(kv => new EtcdEntry(
            Encoding.UTF8.GetString(kv.FindBytes("key")), kv.FindBytes("value"), kv.FindInt64("create_revision"),
            kv.FindInt64("mod_revision"), kv.FindInt64("lease")))];
}
