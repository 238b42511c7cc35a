using System.Text.Json;

namespace MurkyWaters.Engines.Etcd;

/// <summary>The requests that are made of etcd. Writes are transactions that go by what is there, or have a lease of their own: etcd may
/// carry out a request long after its caller gave it up, when a server that stood still goes on.</summary>
internal static class EtcdRequests
{
    /// <summary>Asks for keys from one to another, which is not included.</summary>
    public static byte[] Range(string from, string to, int limit, long revision = 0, long modifiedFrom = 0) => EtcdJson.Write(json =>
    {
        json.WriteKey("key", from);
        json.WriteKey("range_end", to);
        json.WriteInt64("limit", limit);
        json.WriteInt64("revision", revision);
        json.WriteInt64("min_mod_revision", modifiedFrom);
    });

    /// <summary>A transaction: all comparisons hold, or the other operations are done.</summary>
    public static byte[] Transaction(
        IEnumerable<Action<Utf8JsonWriter>> compare, IEnumerable<Action<Utf8JsonWriter>> success,
        IEnumerable<Action<Utf8JsonWriter>> failure) =>
        EtcdJson.Write(json =>
        {
            WriteList(json, "compare", compare);
            WriteList(json, "success", success);
            WriteList(json, "failure", failure);
        });

    /// <summary>Compares the revision of a key's last change; 0 for a key that is not there.</summary>
    public static Action<Utf8JsonWriter> IsModified(string key, long revision) => Compare(key, "MOD", "mod_revision", revision);

    /// <summary>Compares the revision of a key's creation; 0 for a key that is not there.</summary>
    public static Action<Utf8JsonWriter> IsCreated(string key, long revision) => Compare(key, "CREATE", "create_revision", revision);

    /// <summary>Writes a key.</summary>
    public static Action<Utf8JsonWriter> Put(string key, ReadOnlyMemory<byte> value, long lease = 0) => json =>
    {
        json.WriteStartObject("request_put");
        json.WriteKey("key", key);
        json.WriteBase64String("value", value.Span);
        json.WriteInt64("lease", lease);
        json.WriteEndObject();
    };

    /// <summary>Reads a key.</summary>
    public static Action<Utf8JsonWriter> Get(string key) => json =>
    {
        json.WriteStartObject("request_range");
        json.WriteKey("key", key);
        json.WriteEndObject();
    };

    /// <summary>Reads the first key of a folder that was created before a revision.</summary>
    public static Action<Utf8JsonWriter> GetCreatedBefore(string folder, long revision) => json =>
    {
        json.WriteStartObject("request_range");
        json.WriteKey("key", folder);
        json.WriteKey("range_end", EtcdKeys.EndOf(folder));
        json.WriteInt64("max_create_revision", revision - 1);
        json.WriteInt64("limit", 1);
        json.WriteBoolean("keys_only", true);
        json.WriteEndObject();
    };

    /// <summary>Asks for a lease of a number that the caller drew, so that asking twice makes one.</summary>
    public static byte[] Grant(long lease, TimeSpan life) => EtcdJson.Write(json =>
    {
        json.WriteInt64("ID", lease);
        json.WriteInt64("TTL", (long)Math.Ceiling(life.TotalSeconds));
    });

    /// <summary>Names a lease.</summary>
    public static byte[] Lease(long lease) => EtcdJson.Write(json => json.WriteInt64("ID", lease));

    /// <summary>Watches keys from one to another, which is not included.</summary>
    public static byte[] Watch(string from, string to) => EtcdJson.Write(json =>
    {
        json.WriteStartObject("create_request");
        json.WriteKey("key", from);
        json.WriteKey("range_end", to);
        json.WriteEndObject();
    });

    private static Action<Utf8JsonWriter> Compare(string key, string target, string member, long revision) => json =>
    {
        json.WriteKey("key", key);
        json.WriteString("target", target);
        json.WriteString("result", "EQUAL");
        json.WriteInt64(member, revision);
    };

    private static void WriteList(Utf8JsonWriter json, string name, IEnumerable<Action<Utf8JsonWriter>> items)
    {
        json.WriteStartArray(name);
        foreach (var item in items)
        {
            json.WriteStartObject();
            item(json);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }
}
