namespace MurkyWaters.Engines.Etcd;

/// <summary>The paths of etcd's JSON gateway, below <c>/v3/</c>.</summary>
internal static class EtcdPaths
{
    public const string Range = "kv/range";
    public const string Transaction = "kv/txn";
    public const string Grant = "lease/grant";
    public const string KeepAlive = "lease/keepalive";
    public const string Revoke = "lease/revoke";
    public const string Watch = "watch";
}
