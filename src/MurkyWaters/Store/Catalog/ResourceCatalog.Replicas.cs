using Microsoft.Data.Sqlite;
using PouringRain.Protocol;
using PouringRain.Protocol.Cluster;

namespace MurkyWaters.Store.Catalog;

/// <summary>What replication needs of the catalog: all that is here in memory, the marks, and who the other nodes were.</summary>
internal sealed partial class ResourceCatalog
{
    private const string AgreedKey = "agreed_to", ForgottenKey = "forgotten_to";

    private readonly Lock _loading = new();

    /// <summary>Resources that were changed while <see cref="Replicas"/> is being filled, and are in it for that reason; null before and
    /// after.</summary>
    private HashSet<ResourceId>? _changed;

    /// <summary>What is here, in memory. Empty and not loaded until <see cref="LoadReplicas"/> has been called and has ended: a node
    /// that is alone needs no such thing.</summary>
    public ReplicaIndex Replicas { get; } = new();

    /// <summary>Fills <see cref="Replicas"/>, page by page; called once.</summary>
    /// <param name="isOver">Whether it is to stop where it is.</param>
    /// <exception cref="StoreException">The catalog cannot be read; it may be called again.</exception>
    public void LoadReplicas(Func<bool> isOver)
    {
        lock (_loading)
        {
            _changed ??= [];
        }

        const string resources =
            "SELECT id, stamp, version, length, retention FROM resources WHERE id >= $1 AND parent IS NULL ORDER BY id LIMIT $2";
        if (LoadAll(isOver, resources, Put)
            && LoadAll(isOver, "SELECT id, stamp, manifest FROM tombstones WHERE id >= $1 ORDER BY id LIMIT $2", PutTombstone))
        {
            lock (_loading)
            {
                _changed = null;
                Replicas.MarkLoaded();
            }
        }
    }

    /// <summary>Notes what there is of a resource after a change. Under the resource's gate.</summary>
    /// <param name="id">The resource.</param>
    /// <param name="manifest">Its version or tombstone; null when nothing is here any more.</param>
    /// <param name="isKept">Whether the copy is kept.</param>
    public void NoteReplica(ResourceId id, Manifest? manifest, bool isKept)
    {
        if (manifest?.Piece is not null)
        {
            // Pieces have places of their own (Archive), and no replicas.
            return;
        }

        lock (_loading)
        {
            if (_changed is null && !Replicas.IsLoaded)
            {
                return;
            }

            _changed?.Add(id);
            if (manifest is null)
            {
                Replicas.Remove(id);
            }
            else
            {
                Replicas.Set(id, new Replica(ReplicaVersion.Of(manifest), isKept), manifest.IsDeleted ? manifest.Code : null);
            }
        }
    }

    /// <summary>What this store knew of the cluster when it was stopped.</summary>
    /// <exception cref="StoreException">The catalog cannot be read.</exception>
    public ReplicationMarks ReadMarks() => _readers.Read(connection => new ReplicationMarks(
        ReadMark(connection, AgreedKey), ReadMark(connection, ForgottenKey)));

    /// <summary>Notes what is known of the cluster; ends when that is on the disk.</summary>
    /// <exception cref="StoreException">The disk did not take it.</exception>
    public Task SaveMarksAsync(ReplicationMarks marks) =>
        _writer.WriteAsync(new NodeValuesChange([(AgreedKey, marks.AgreedTo), (ForgottenKey, marks.ForgottenTo)]));

    /// <summary>The other nodes, as they were known when the store was stopped: each its id and a document.</summary>
    /// <exception cref="StoreException">The catalog cannot be read.</exception>
    public IReadOnlyList<(NodeId Id, string Document)> ReadMembers() => _readers.Read(connection =>
    {
        var members = new List<(NodeId, string)>();
        using var reader = connection.Prepare("SELECT id, document FROM members ORDER BY id").Read();
        while (reader.Read())
        {
            if (NodeId.TryParse(reader.GetString(0), out var id))
            {
                members.Add((id, reader.GetString(1)));
            }
        }

        return members;
    });

    /// <summary>Notes who the other nodes are, in place of those that were noted before.</summary>
    /// <exception cref="StoreException">The disk did not take it.</exception>
    public Task SaveMembersAsync(IReadOnlyList<(NodeId Id, string Document)> members) => _writer.WriteAsync(new MembersChange(members));

    private static long ReadMark(CatalogConnection connection, string key)
    {
        using var reader = connection.Prepare("SELECT value FROM node WHERE key = $1").Read(key);
        return reader.Read() ? reader.GetInt64(0) : long.MinValue;
    }

    private bool LoadAll(Func<bool> isOver, string sql, Action<SqliteDataReader> put)
    {
        const int pageSize = 5000;
        var from = long.MinValue;
        while (!isOver())
        {
            var (count, last) = _readers.Read(connection =>
            {
                var (count, last) = (0, from);
                using var reader = connection.Prepare(sql).Read(from, pageSize);
                while (reader.Read())
                {
                    (count, last) = (count + 1, reader.GetInt64(0));
                    lock (_loading)
                    {
                        if (!_changed!.Contains(IdOf(last)))
                        {
                            put(reader);
                        }
                    }
                }

                return (count, last);
            });
            if (count < pageSize || last == long.MaxValue)
            {
                return true;
            }

            from = last + 1;
        }

        return false;
    }

    private void Put(SqliteDataReader row)
    {
        var version = row.GetFieldValue<byte[]>(2);
        if (version.Length == Sha256Digest.SizeBytes)
        {
            Replicas.Set(IdOf(row.GetInt64(0)), new Replica(
                new ReplicaVersion(row.GetInt64(1), Sha256Digest.Read(version).Tag, row.GetInt64(3), IsDeleted: false),
                row.GetString(4) == CatalogRow.Kept));
        }
    }

    private void PutTombstone(SqliteDataReader row)
    {
        if (Manifest.TryParse(row.GetFieldValue<byte[]>(2), out var manifest) && manifest.IsDeleted)
        {
            Replicas.Set(IdOf(row.GetInt64(0)), new Replica(ReplicaVersion.Of(manifest), IsKept: true), manifest.Code);
        }
    }
}
