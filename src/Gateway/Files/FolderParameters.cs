using System.ComponentModel.DataAnnotations;
using Gateway.Operations.Document;
using Microsoft.AspNetCore.Mvc;

namespace Gateway.Files;

/// <summary>What a folder may be asked with, as <see cref="FolderReading"/> reads it.</summary>
internal delegate void FolderParameters(
    [FromQuery(Name = "after")]
    [Meaning("Where the page begins: the last page's next, as it is.", "disk.iso")]
    string? after,
    [FromQuery(Name = "limit"), Range(1, FolderReading.PageItemsMax)]
    [Meaning("Items of a page of JSON at most, from 1 to 1000; 1000 by default.", 1000)]
    int? limit);

/// <summary>What a POST may be asked with, as <see cref="FileWriting"/> reads it.</summary>
internal delegate void CopyParameters(
    [FromQuery(Name = "copyTo")]
    [Meaning("Another name that the file is to have; with a slash at the end a folder that it is to be in.", "images/copy.iso")]
    string? copyTo,
    [FromQuery(Name = "moveTo")]
    [Meaning("The name that it is to have in place of its own; with a slash at the end a folder that it is to be in.", "images/new.iso")]
    string? moveTo);
