//! What people live through, each journey a sentence.

mod aftercare;
mod audit;
mod canary;
mod cases;
mod causes;
mod credentials;
mod demo;
mod desk;
mod directory;
mod doctor;
mod evidence;
mod finish;
mod graph;
mod guard_rails;
mod insights;
mod look;
mod notices;
mod openid;
mod operator;
mod pages;
mod passes;
mod people;
mod policy;
mod risk;
mod signin;
mod submit;
