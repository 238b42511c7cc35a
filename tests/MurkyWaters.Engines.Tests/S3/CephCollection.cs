using Ceph;

namespace MurkyWaters.Engines.Tests.S3;

/// <summary>Tests that share one Ceph, one after the other: some end its server.</summary>
[CollectionDefinition(nameof(CephCollection))]
public sealed class CephCollection : ICollectionFixture<CephStore>;
